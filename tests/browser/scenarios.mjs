// What people do in the console, step by step, by the words that they read.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const button = (place, name) => place.getByRole("button", { name, exact: true });
const badge = (page) => page.locator("h1 .badge").innerText();

async function useToken(page, token) {
  const form = page.locator("details", { hasText: "Use an access token" });
  if (!(await form.getByLabel("Access token").isVisible())) await form.locator("summary").click();
  await form.getByLabel("Access token").fill(token);
  await button(form, "Use it").click();
}

async function logIn(page, token) {
  await page.goto("/console");
  await useToken(page, token);
  await page.waitForURL(/\/(orders|stores)$/);
}

async function logInAs(page, login, password) {
  await page.goto("/console/login");
  // A store that was logged in to from here is proposed.
  const store = page.getByLabel("Store");
  if ((await store.inputValue()) === "") await store.fill("shop");
  assert.equal(await store.inputValue(), "shop");
  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Password").fill(password);
  await button(page, "Log in").click();
}

async function logOut(page) {
  await button(page, "Log out").click();
  await page.waitForURL("**/console/login");
}

/** The rows of a table by their heading cell. */
async function rows(page, selector) {
  return page.locator(`${selector} tbody tr`).evaluateAll((found) =>
    found.map((row) => [...row.cells].map((cell) => cell.innerText.trim())),
  );
}

const cookie = async (page) =>
  (await page.context().cookies()).find((it) => it.name === "__Host-meridian");

export async function log_in_and_out(page, { manager, wrong }) {
  await page.goto("/console/shop/orders?state=READY");
  assert.match(page.url(), /\/console\/login\?next=/);
  await useToken(page, wrong);
  await page.getByRole("alert").waitFor();
  assert.equal(await cookie(page), undefined);
  await useToken(page, manager);
  await page.waitForURL((url) => url.search === "?state=READY");
  const first = await cookie(page);
  assert.ok(first.httpOnly && first.secure && first.sameSite === "Lax" && first.path === "/");
  await logOut(page);
  assert.equal(await cookie(page), undefined);
  await page.goto("/console/shop/orders");
  assert.match(page.url(), /\/console\/login/);
}

/** A manager enters somebody, who chooses a password, works, and is shut out. */
export async function somebody_new(page, { manager, own }) {
  await logIn(page, manager);
  await page.getByRole("link", { name: "Access", exact: true }).click();
  await page.getByText("Enter somebody").click();
  await page.getByLabel("Login").fill("ada@shop.example");
  await page.getByLabel("Name").first().fill("Ada Example");
  await page.locator("details[open] [name=role]").selectOption("AGENT");
  await button(page, "Enter them").click();
  const first = await page.locator(".secret code").innerText();
  await logOut(page);

  await logInAs(page, "ada@shop.example", `${first}?`);
  assert.match(await page.getByRole("alert").innerText(), /LOGIN_FAILED/);
  await logInAs(page, "ada@shop.example", first);
  await page.waitForURL("**/console/password");
  // Nothing else opens before the password is her own.
  await page.goto("/console/shop/orders");
  await page.waitForURL("**/console/password");
  await page.getByLabel("Password until now").fill(first);
  await page.getByLabel("New password", { exact: false }).first().fill(own);
  await page.getByLabel("New password again").fill(own);
  await button(page, "Change it").click();
  await page.getByText("Your password is changed.").waitFor();
  assert.match(await page.locator(".who").innerText(), /Ada Example, Agent/);
  assert.equal(await page.getByRole("link", { name: "Access", exact: true }).count(), 0);
  const session = await cookie(page);
  await logOut(page);
  // The session is over, and not only forgotten here.
  await page.context().addCookies([session]);
  await page.goto("/console/shop/orders");
  assert.match(page.url(), /\/console\/login/);

  await logIn(page, manager);
  await page.getByRole("link", { name: "Access", exact: true }).click();
  await button(page, "Shut out Ada Example").click();
  await page.getByText("The person’s access is changed.").waitFor();
  await logOut(page);
  await logInAs(page, "ada@shop.example", own);
  assert.match(await page.getByRole("alert").innerText(), /LOGIN_FAILED/);

  await logIn(page, manager);
  await page.getByRole("link", { name: "Access", exact: true }).click();
  await page.locator("summary").filter({ hasText: "Delete" }).click();
  await button(page, "Delete Ada Example for good").click();
  await page.getByText("The person is deleted.").waitFor();
  assert.equal(await page.getByText("Ada Example").count(), 0);
}

export async function find_orders(page, { manager, finds }) {
  await logIn(page, manager);
  const seen = [];
  for (const { q, Sort: sort, ...filters } of finds) {
    await page.goto("/console/shop/orders");
    if (q) await page.getByLabel("Search").fill(q);
    if (sort) await page.getByLabel("Sort").selectOption(sort);
    if (Object.keys(filters).length) await page.locator("summary", { hasText: "Filters" }).click();
    for (const [name, value] of Object.entries(filters)) {
      if (typeof value === "string") await page.getByLabel(name, { exact: true }).fill(value);
      const group = page.getByRole("group", { name, exact: true });
      for (const choice of [value].flat().filter(() => Array.isArray(value))) {
        await group.getByLabel(choice, { exact: true }).check();
      }
    }
    await button(page, Object.keys(filters).length ? "Apply" : "Search").click();
    await page.waitForLoadState();
    seen.push((await rows(page, "table.list")).map((row) => row[0].split("\n")[0]));
    await taken_away(page, Object.values(filters).flat().length + (q ? 1 : 0));
  }
  return seen;
}

/** What was chosen stands above the list, and goes with a click. */
async function taken_away(page, count) {
  const chips = page.getByRole("list", { name: "Chosen" }).getByRole("link");
  assert.equal(await chips.count(), count);
  if (count > 1) {
    await chips.first().click();
    await page.waitForLoadState();
    assert.equal(await chips.count(), count - 1);
  }
}

export async function refund_two_lines(page, { manager, javascript }) {
  await logIn(page, manager);
  await page.goto("/console/shop/orders/O-1");
  await page.getByRole("link", { name: "Refund", exact: true }).click();
  const [first, second] = await page.locator("fieldset.line").all();
  await first.getByLabel("Pieces").fill("2");
  await first.getByLabel("Percent").fill("50");
  await second.getByLabel("Percent").fill("12.5");
  await page.getByLabel("Goodwill on top").fill("3.33");
  await page.locator("[name=reason]").selectOption("8");
  if (javascript === false) await button(page, "Work it out").click();
  // With it, the figures come by themselves; the last of them has the goodwill.
  await page.locator("#quote th", { hasText: "Service gesture" }).first().waitFor();
  await page.locator("#quote th", { hasText: "L2" }).first().waitFor();
  const quote = page.locator("#quote");
  await quote.getByText("How each figure comes about").click();
  const quoted = {
    total: await quote.locator(".sum strong").innerText(),
    components: await rows(page, "#quote table:has(caption:text('Components'))"),
    legs: await rows(page, "#quote table:has(caption:text('Goes back by'))"),
    explained: (await rows(page, "#quote .explained table")).map((row) => row[0]),
  };
  await quote.getByRole("button", { name: /^Refund / }).click();
  await page.getByText("The refund is made").waitFor();
  const booked = (await rows(page, "#component-table")).map(([name, , ...amounts]) => [name, ...amounts]);
  assert.deepEqual(quoted.components, booked);
  return { quoted, refund_id: page.url().match(/refunds\/([^?]+)/)[1] };
}

export async function decide_requests(page, { manager }) {
  await logIn(page, manager);
  await page.getByRole("link", { name: "Cancellations", exact: true }).click();
  const queue = await rows(page, "section:has(#queue) table");
  assert.deepEqual(queue.map((row) => row[0]), Array(2).fill("Cancellation requested [Customer]"));
  await page.getByRole("row", { name: /O-1/ }).getByRole("link", { name: "Proceed" }).click();
  await page.getByText("What it does").waitFor();
  await page.locator(".sum strong").waitFor();
  await button(page, "Accept").click();
  await page.getByText("The request is accepted.").waitFor();
  const accepted = await page.locator("h1").innerText();
  await page.getByRole("link", { name: "Cancellations", exact: true }).first().click();
  await page.getByRole("row", { name: /O-2/ }).getByRole("link", { name: "Proceed" }).click();
  const form = page.locator("form", { hasText: "Reject the request" });
  await form.getByLabel("Comment for the buyer").fill("It is packed already");
  await button(form, "Reject").click();
  await page.getByText("The request is rejected.").waitFor();
  return { accepted, rejected: await page.locator("h1").innerText() };
}

export async function undo_with_proof(page, { manager, cancellation, amount }) {
  await logIn(page, manager);
  await page.goto(`/console/shop/orders/O-1/cancellations/${cancellation}`);
  await page.locator(".blockers").getByText("Evidence required").waitFor();
  await page.locator(".blockers strong", { hasText: `${amount} USD` }).waitFor();
  await page.getByLabel("Why").fill("The customer wants it after all");
  await button(page, "Undo the cancellation").click();
  const refused = await page.getByRole("alert").innerText();
  assert.match(refused, /EVIDENCE_REQUIRED/);
  await page.getByLabel("The customer paid anew").check();
  await page.getByLabel("Reference of the payment").fill("wire-4711");
  await page.getByLabel("Amount").fill(amount);
  await button(page, "Look again").click();
  await page.getByText("Nothing stands in the way.").waitFor();
  await button(page, "Undo the cancellation").click();
  await page.getByText("The cancellation is undone.").waitFor();
  return { state: await badge(page) };
}

export async function four_eyes(page, { agent, manager }) {
  await logIn(page, agent);
  await page.goto("/console/shop/orders/O-1/refund");
  await page.getByLabel("Everything that is left").check();
  await page.locator("#quote .sum").waitFor();
  await page.locator("#quote").getByRole("button", { name: /^Refund / }).click();
  await page.getByText("The refund is made").waitFor();
  assert.equal(await badge(page), "Held");
  assert.equal(await button(page, "Approve").count(), 0);
  const refund = page.url().split("?")[0];
  await logOut(page);
  await logIn(page, manager);
  await page.getByRole("link", { name: "Refunds", exact: true }).click();
  await page.getByLabel("Held", { exact: true }).check();
  await button(page, "Apply").click();
  await page.locator("table.list").getByRole("link", { name: /^No\./ }).click();
  assert.equal(page.url(), refund);
  await button(page, "Approve").click();
  await page.getByText("The refund is approved.").waitFor();
  return { refund_id: refund.split("/").at(-1) };
}

export async function send_again(page, { manager, url }) {
  await logIn(page, manager);
  await page.getByRole("link", { name: "Webhooks", exact: true }).click();
  await page.getByText("Make an endpoint").click();
  await page.getByLabel("URL").fill(url);
  await button(page, "Make it").click();
  const secret = await page.locator(".secret code").innerText();
  assert.match(secret, /^whsec_/);
  // It is shown this once.
  await page.getByRole("link", { name: "Webhooks", exact: true }).first().click();
  await page.locator("table.list").getByRole("link", { name: url }).click();
  assert.equal(await page.locator(".secret").count(), 0);
  await button(page, "Send a test").click();
  await page.getByText("A test was sent").waitFor();
  await page.locator("table.list").getByText("webhook.test").waitFor();
  return { secret, endpoint: page.url().split("?")[0] };
}

export async function redeliver(page, { manager, endpoint, event }) {
  await logIn(page, manager);
  await page.goto(endpoint);
  const row = page.getByRole("row", { name: new RegExp(event) });
  await row.getByRole("button", { name: /^Send / }).click();
  await page.getByText("It is sent once more.").waitFor();
}

/** What was refused is marked in the form, and a click on it leads there. */
export async function refused_fields(page, { manager }) {
  await logIn(page, manager);
  await page.goto("/console/shop/orders/O-1/refund");
  const second = page.locator("fieldset.line").nth(1);
  await second.getByLabel("Percent").fill("many");
  const alert = page.locator("#quote").getByRole("alert");
  await alert.getByRole("link", { name: "Percent, row 2" }).click();
  const percent = second.getByLabel("Percent");
  assert.equal(await percent.getAttribute("aria-invalid"), "true");
  assert.ok(await percent.evaluate((it) => it === document.activeElement));
  assert.equal(await page.locator("[aria-invalid]").count(), 1);
  await percent.fill("50");
  await page.locator("#quote .sum").waitFor();
  assert.equal(await page.locator("[aria-invalid]").count(), 0);
  // The same of a whole page.
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.getByLabel("Approval limit").fill("much");
  await button(page, "Save the settings").click();
  await page.getByRole("alert").getByRole("link", { name: "Approval limit" }).click();
  assert.ok(await page.getByLabel("Approval limit").evaluate((it) => it === document.activeElement));
}

/** Settings, tokens, a refund that is held and goes on, and the buyer's data. */
export async function by_hand(page, { manager, held, changed }) {
  await logIn(page, manager);
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.getByLabel("Approval limit").fill("250");
  await page.getByLabel("Time zone").fill("Europe/Paris");
  await button(page, "Save the settings").click();
  await page.getByText("The settings are saved.").waitFor();
  assert.equal(await page.getByLabel("Approval limit").inputValue(), "250.00");
  await page.getByText("All times are in Europe/Paris.").waitFor();

  await page.getByRole("link", { name: "Access", exact: true }).click();
  await page.getByText("Make a token").click();
  const form = page.locator("details[open] form");
  await form.getByLabel("Name").fill("Till in the shop");
  await form.getByLabel("Role").selectOption("VIEWER");
  await form.getByLabel("Valid through").fill("2099-12-31");
  await button(form, "Make it").click();
  const token = await page.locator(".secret code").innerText();
  assert.match(token, /^mrd_/);
  const row = page.getByRole("row", { name: /Till in the shop/ });
  await row.getByText("Enabled").waitFor();
  await button(row, "Revoke Till in the shop").click();
  await page.getByText("The token is revoked.").waitFor();
  await page.getByRole("row", { name: /Till in the shop/ }).getByText("Revoked").waitFor();

  await page.goto(`/console/shop/${held}`);
  await page.locator("summary", { hasText: "Hold" }).click();
  await page.getByLabel("Why").fill("Asked the buyer first");
  await button(page, "Hold it").click();
  await page.getByText("The refund is held.").waitFor();
  await page.getByText("Asked the buyer first").waitFor();
  await button(page, "Let it go on").click();
  await page.getByText("The refund goes on.").waitFor();
  await page.getByLabel("Reference of the payment").fill("wire-1");
  await button(page, "Confirm the payout").click();
  await page.getByText("The payout is confirmed.").waitFor();

  await page.goto(`/console/shop/${changed}`);
  await page.getByText("Change how it goes back").click();
  await page.getByLabel("Method").selectOption("ORIGINAL");
  await button(page, "Change it").click();
  await page.getByText("The refund goes back another way.").waitFor();

  await page.goto("/console/shop/orders/O-2");
  await page.locator("summary", { hasText: "Accept" }).click();
  await page.getByLabel("Your order id").fill("EXT-2");
  await page.getByLabel("Your order number").fill("N-2");
  await button(page, "Accept the order").click();
  await page.getByText("The order is accepted.").waitFor();
  await page.getByText("Erase the buyer’s data").click();
  await button(page, "Erase them for ever").click();
  await page.getByText("The buyer’s data are erased.").waitFor();
  return { token };
}

/** What waits for a person is decided where it is shown. */
export async function work_off(page, { manager }) {
  await logIn(page, manager);
  await page.getByRole("link", { name: "Waiting", exact: true }).click();
  await page.getByRole("row", { name: /O-5/ }).getByRole("link", { name: "Decide" }).click();
  await page.getByLabel("Why").fill("The buyer is known");
  await button(page, "Let it go on").click();
  await page.getByText("The check is decided.").waitFor();
  await page.getByRole("link", { name: "Waiting", exact: true }).click();
  await page.getByText("No check waits for a person.").waitFor();
  await page.getByRole("row", { name: /O-6/ }).getByRole("button", { name: "Push it again" }).click();
  await page.getByText("The order is about to be pushed into the shop.").waitFor();
}

/** An endpoint is changed, gets another secret and everything again, and goes. */
export async function endpoint(page, { manager, url, other }) {
  const { secret } = await send_again(page, { manager, url });
  const open = (name) => page.locator("summary").filter({ hasText: name }).click();
  await open("Change");
  await page.getByLabel("Types of events").fill("order.received, refund.succeeded");
  await page.getByLabel("URL").fill(other);
  await button(page, "Save").click();
  await page.getByText("The endpoint is changed.").waitFor();
  await page.locator("h1", { hasText: other }).waitFor();
  await open("Make a new secret");
  await button(page, "Make it").click();
  const rotated = await page.locator(".secret code").innerText();
  assert.match(rotated, /^whsec_/);
  assert.notEqual(rotated, secret);
  await open("Send the events of some days again");
  const today = new Date().toISOString().slice(0, 10);
  await page.getByLabel("From").fill("2020-01-01");
  await page.getByLabel("To", { exact: true }).fill(today);
  await button(page, "Send again").click();
  await page.getByText("It is sent once more.").waitFor();
  await button(page, "Disable").click();
  await page.locator("h1 .badge", { hasText: "Disabled" }).waitFor();
  await open("Delete");
  await button(page, "Delete the endpoint").click();
  await page.getByText("The endpoint is deleted.").waitFor();
  await page.getByText("Nobody is told of anything yet.").waitFor();
  return { rotated };
}

/** What only a form leads to, as it is shown then. */
export async function accessible_forms(page, { manager }, tools) {
  const findings = {};
  const look = async (name) => Object.assign(findings, await looked_at(page, name, tools));
  await logIn(page, manager);
  await page.goto("/console/shop/orders/O-1/refund");
  await page.getByLabel("Percent").first().fill("50");
  await page.locator("#quote .sum").waitFor();
  await page.locator("#quote").getByText("How each figure comes about").click();
  await look("a quote");
  await page.getByLabel("Percent").first().fill("many");
  await page.locator("#quote").getByRole("alert").waitFor();
  await look("a quote that is refused");
  await page.goto("/console/shop/orders/O-1/cancel");
  await button(page, "Show what it does").click();
  await page.locator("#preview .sum").waitFor();
  await look("what a cancellation does");
  await page.goto("/console/shop/webhooks");
  await page.getByText("Make an endpoint").click();
  await page.getByLabel("URL").fill("https://hooks.invalid/y");
  await button(page, "Make it").click();
  await page.locator(".secret").waitFor();
  await look("a secret");
  await page.goto("/console/shop/access");
  await page.getByText("Enter somebody").click();
  await page.getByLabel("Login").fill(`ada${page.viewportSize().width}@shop.example`);
  await page.getByLabel("Name").first().fill("Ada Example");
  await button(page, "Enter them").click();
  const first = await page.locator(".secret code").innerText();
  await look("a first password");
  await logOut(page);
  await logInAs(page, `ada${page.viewportSize().width}@shop.example`, first);
  await page.waitForURL("**/console/password");
  await look("the choice of a password");
  return findings;
}

/** The serious findings of axe on the page that is open, and whether it fits into the window. */
async function looked_at(page, name, tools) {
  // From the outside: the policy of the page lets no script in.
  const source = await readFile(tools.resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(`${source}; undefined`);
  const { violations } = await page.evaluate("axe.run()");
  const serious = violations.filter((it) => ["serious", "critical"].includes(it.impact));
  const [wide, window] = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
  assert.ok(wide <= window, `${name} is ${wide} wide in a window of ${window}`);
  if (!serious.length) return {};
  return { [name]: serious.map((it) => [it.id, it.nodes.map((node) => node.target.join(" "))]) };
}

/** Every page is fit for people who do not see, or have no mouse: no serious finding of axe. */
export async function accessible(page, { platform, pages }, tools) {
  await logIn(page, platform);
  const findings = {};
  for (const path of ["/console/login", "/console/stores", "/console/password", ...pages]) {
    await page.goto(path);
    Object.assign(findings, await looked_at(page, path, tools));
  }
  return findings;
}
