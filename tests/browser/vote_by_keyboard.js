// Votes on human_review.html with the keyboard alone, loads it again, saves the votes, and prints as JSON what it says and saves.
//
// node vote_by_keyboard.js <chromium> <page.html> <folder>

"use strict";

const fs = require("node:fs");
const path = require("node:path");
const puppeteer = require("puppeteer-core");

const [chromium, page, folder] = process.argv.slice(2);

async function main() {
  const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const tab = await browser.newPage();
    const session = await browser.target().createCDPSession();
    await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: path.resolve(folder), eventsEnabled: true });
    const saved = new Promise((resolve) =>
      session.on("Browser.downloadProgress", (event) => event.state === "completed" && resolve()),
    );
    const text = (id) => tab.$eval(`#${id}`, (element) => element.textContent);
    await tab.goto(`file://${path.resolve(page)}`);
    // Left, no difference, right; back twice and left again.
    for (const key of ["1", "2", "3", "ArrowLeft", "ArrowLeft", "1"]) await tab.keyboard.press(key);
    const voted = await text("open");
    await tab.reload();
    const kept = await text("open");
    await tab.focus("#reviewer");
    await tab.keyboard.type("A 1");
    await tab.keyboard.press("Tab");
    await tab.keyboard.press("Enter");
    await saved;
    process.stdout.write(JSON.stringify({ voted, kept, saved: JSON.parse(fs.readFileSync(path.join(folder, "votes.json"), "utf8")) }));
  } finally {
    await browser.close();
  }
}

main();
