// Chooses filters of a report's list of errors, and prints as JSON how many errors can be seen after each choice.
//
// node filter_errors.js <chromium> <page.html> <comma-separated ids of radio buttons>

"use strict";

const path = require("node:path");
const puppeteer = require("puppeteer-core");

const [chromium, page, ids] = process.argv.slice(2);

async function main() {
  // Sandboxes need privileges that containers do not give; the page is our own.
  const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const tab = await browser.newPage();
    await tab.goto(`file://${path.resolve(page)}`);
    const found = {};
    for (const id of ids.split(",")) {
      await tab.click(`label:has(#${id})`);
      found[id] = await tab.$$eval(".error", (all) => all.filter((one) => one.checkVisibility()).length);
    }
    process.stdout.write(JSON.stringify(found));
  } finally {
    await browser.close();
  }
}

main();
