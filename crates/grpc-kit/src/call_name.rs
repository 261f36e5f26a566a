//! What a call is named in spans and metrics.

use crate::METHODS;

/// Every service that is served.
const SERVICES: &[&str] = &[
    "meridian.accounts.v1.AccountService",
    "meridian.cancellations.v1.CancellationService",
    "meridian.events.v1.EventService",
    "meridian.orders.v1.OrderService",
    "meridian.payments.v1.PaymentService",
    "meridian.refunds.v1.RefundService",
    "meridian.stores.v1.StoreService",
    "meridian.webhooks.v1.WebhookService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// The methods of health and reflection.
const OPEN_METHODS: &[&str] = &["Check", "Watch", "ServerReflectionInfo"];

/// For what no service has: what a caller makes up must not become a series of its own.
const OTHER: &str = "other";

/// Service and method of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallName {
    pub service: &'static str,
    pub method: &'static str,
}

impl CallName {
    /// `/package.Service/Method`
    pub fn of(path: &str) -> Self {
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
        let methods = METHODS.iter().map(|permission| permission.method);
        let known =
            |names: &[&'static str], name| names.iter().find(|known| **known == name).copied();
        Self {
            service: known(SERVICES, service).unwrap_or(OTHER),
            method: methods
                .chain(OPEN_METHODS.iter().copied())
                .find(|known| *known == method)
                .unwrap_or(OTHER),
        }
    }

    /// The name of the call's span, as OpenTelemetry has it.
    pub fn span(self) -> String {
        format!("{}/{}", self.service, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_named_by_service_and_method_and_never_by_what_a_caller_makes_up() {
        let span = |path: &str| CallName::of(path).span();
        let path = "/meridian.orders.v1.OrderService/GetOrder";
        assert_eq!(span(path), "meridian.orders.v1.OrderService/GetOrder");
        assert_eq!(span("/grpc.health.v1.Health/Check"), "grpc.health.v1.Health/Check");
        for made_up in ["", "/", "/x", "/x/y", "//"] {
            assert_eq!(span(made_up), "other/other", "{made_up}");
        }
        assert_eq!(span("/x/GetOrder"), "other/GetOrder");
    }

    #[test]
    fn every_service_of_the_contract_has_its_name() {
        for route in wire::rest::ROUTES {
            let name = CallName::of(route.grpc_path);
            assert_eq!(format!("/{}", name.span()), route.grpc_path);
        }
    }
}
