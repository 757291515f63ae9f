// Opens a page from disk in Chromium, in the light and the dark scheme, on a screen and on a phone, and prints as JSON what
// axe-core finds, whether it scrolls sideways, what it asks of the network, and its errors. Screenshots go into a folder.
//
// node check_page.js <chromium> <page.html> <folder>

"use strict";

const fs = require("node:fs");
const path = require("node:path");
const puppeteer = require("puppeteer-core");

const [chromium, page, folder] = process.argv.slice(2);
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const views = [
  ["light", 1200, 900],
  ["dark", 1200, 900],
  ["light", 390, 844],
  ["dark", 390, 844],
];

async function look(browser, scheme, width, height) {
  const tab = await browser.newPage();
  const errors = [];
  const requests = [];
  tab.on("pageerror", (error) => errors.push(error.message));
  tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  tab.on("dialog", (dialog) => (errors.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  tab.on("request", (request) => request.url().startsWith("file:") || requests.push(request.url()));
  await tab.setViewport({ width, height });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  // First as a reader opens it, with the page's own policy in force; then without, to let axe-core in.
  await tab.goto(`file://${path.resolve(page)}`);
  const wide = await tab.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  await tab.screenshot({ path: path.join(folder, `${path.basename(page, ".html")}-${scheme}-${width}.png`), fullPage: true });
  await tab.setBypassCSP(true);
  await tab.reload();
  for (const details of await tab.$$("details")) await details.evaluate((element) => (element.open = true));
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => window.axe.run());
  await tab.close();
  return {
    view: `${scheme} ${width}`,
    violations: violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html.slice(0, 200)) })),
    wide,
    errors,
    requests,
  };
}

async function main() {
  // Sandboxes need privileges that containers do not give; the page is our own.
  const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const found = [];
    for (const view of views) found.push(await look(browser, ...view));
    process.stdout.write(JSON.stringify(found));
  } finally {
    await browser.close();
  }
}

main();
