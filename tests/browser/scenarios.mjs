// What people do in the console, step by step, by the words that they read.

import assert from "node:assert/strict";

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

/** Every page is fit for people who do not see, or have no mouse: no serious finding of axe. */
export async function accessible(page, { platform, pages }, tools) {
  const axe = tools.resolve("axe-core/axe.min.js");
  await logIn(page, platform);
  const findings = {};
  for (const path of ["/console/login", "/console/stores", "/console/password", ...pages]) {
    await page.goto(path);
    // From the outside: the policy of the page lets no script in.
    const source = await (await import("node:fs/promises")).readFile(axe, "utf8");
    await page.evaluate(`${source}; undefined`);
    const { violations } = await page.evaluate("axe.run()");
    const serious = violations.filter((it) => ["serious", "critical"].includes(it.impact));
    if (serious.length) {
      findings[path] = serious.map((it) => [it.id, it.nodes.map((node) => node.target.join(" "))]);
    }
    const [wide, window] = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    assert.ok(wide <= window, `${path} is ${wide} wide in a window of ${window}`);
  }
  return findings;
}
