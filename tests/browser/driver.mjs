// Plays one scenario in a real Chromium. The scenario is named on the command line, what it needs
// is JSON on standard input, and what it saw is JSON on standard output.

import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import * as scenarios from "./scenarios.mjs";

const tools = createRequire(new URL("../../tools/package.json", import.meta.url));
const { chromium } = tools("playwright-core");

const given = JSON.parse(await text(process.stdin));
const scenario = scenarios[process.argv[2]];
if (!scenario) throw new Error(`there is no scenario ${process.argv[2]}`);

// Chromium's own sandbox needs rights that a container has not; nothing but our own pages is opened.
const browser = await chromium.launch({ executablePath: given.browser, args: ["--no-sandbox"] });
try {
  const context = await browser.newContext({
    baseURL: given.base,
    javaScriptEnabled: given.javascript ?? true,
    viewport: { width: given.width ?? 1280, height: 900 },
    colorScheme: given.scheme ?? "light",
  });
  context.setDefaultTimeout(given.patience);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  // What a page's own policy forbids is said on the console; so are statuses of 4xx, which are ours.
  page.on("console", (message) => {
    const ours = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !ours) faults.push(message.text());
  });
  const seen = await scenario(page, given, tools);
  if (faults.length) throw new Error(`the page complains: ${faults.join("; ")}`);
  process.stdout.write(JSON.stringify(seen ?? null));
} finally {
  await browser.close();
}
