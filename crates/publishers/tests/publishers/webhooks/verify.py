# Reads cases and answers which of them the library takes for genuine.
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def is_genuine(case):
    try:
        Webhook(case["secret"]).verify(case["body"], case["headers"])
        return True
    except WebhookVerificationError:
        return False


json.dump([is_genuine(case) for case in json.load(sys.stdin)], sys.stdout)
