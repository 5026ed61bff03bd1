// Opens the lab's dashboard in a real headless Chromium and compares what it shows with what the lab says.
//
//   node tests/browser/dashboard.mjs http://127.0.0.1:4600 [FOLDER FOR SCREENSHOTS]
//
// Needs chromedriver and chromium in PATH, and nothing else: WebDriver is plain HTTP. Exit code 0 when all is well.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

const [lab, pictures] = process.argv.slice(2);
if (!lab) {
  console.error("usage: dashboard.mjs URL [FOLDER]");
  process.exit(2);
}
const PATIENCE = 15_000;
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const failures = [];
function check(what, is, wanted) {
  const well = isDeepStrictEqual(is, wanted);
  console.log(`${well ? "ok  " : "FAIL"} ${what}`);
  if (!well) failures.push(`${what}: ${JSON.stringify(is)} instead of ${JSON.stringify(wanted)}`);
}
async function until(what, isSo) {
  const end = Date.now() + PATIENCE;
  while (!(await isSo())) {
    if (Date.now() > end) return check(what, "not in time", "so");
    await pause(100);
  }
  check(what, "so", "so");
}
const free = () => new Promise((done) => {
  const server = createServer().listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => done(port)); });
});

class Browser {
  static async start() {
    const port = await free(), folder = mkdtempSync(join(tmpdir(), "dashboard-"));
    const driver = spawn("chromedriver", [`--port=${port}`], { stdio: "ignore" });
    const browser = Object.assign(new Browser(), { driver, folder, root: `http://127.0.0.1:${port}` });
    for (const end = Date.now() + PATIENCE; ; await pause(100)) {
      try { if ((await (await fetch(`${browser.root}/status`)).json()).value.ready) break; } catch { /* not up yet */ }
      if (Date.now() > end) throw new Error("chromedriver does not start");
    }
    const args = ["headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
      "disable-component-update", "disable-sync", `user-data-dir=${folder}`];
    const capabilities = { alwaysMatch: { browserName: "chrome", "goog:chromeOptions": { args }, "goog:loggingPrefs": { browser: "ALL" } } };
    browser.session = "";
    browser.session = `/session/${(await browser.ask("POST", "/session", { capabilities })).sessionId}`;
    return browser;
  }
  async ask(method, path, body) {
    const response = await fetch(`${this.root}${this.session}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${path}: ${value.message}`);
    return value;
  }
  open = (url) => this.ask("POST", "/url", { url });
  run = (script, ...args) => this.ask("POST", "/execute/sync", { script: `return (${script}).apply(null, arguments)`, args });
  size = (width, height) => this.cdp("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  cdp = (cmd, params) => this.ask("POST", "/goog/cdp/execute", { cmd, params });
  scheme = (value) => this.cdp("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
  offline = (yes) => this.cdp("Network.emulateNetworkConditions", { offline: yes, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  async photograph(name) {
    if (pictures) writeFileSync(join(pictures, `${name}.png`), Buffer.from(await this.ask("GET", "/screenshot"), "base64"));
  }
  async end() {
    try { await this.ask("DELETE", ""); } finally {
      this.driver.kill();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

const state = async () => (await fetch(`${lab}/_lab/state`)).json();

// What the page shows, in the shape of what the lab says.
const shown = () => {
  const texts = (root, selector) => [...root.querySelectorAll(selector)].map((element) => element.textContent);
  return {
    rules: [...document.querySelectorAll(".rules > li")].map((row) => [
      row.querySelector(".priority").textContent, texts(row, ".conditions span"),
      [...row.querySelectorAll(".share")].map((share) => [share.querySelector(".name").textContent, share.querySelector(".portion").textContent]),
      row.querySelector(".answer").textContent,
    ]),
    targets: [...document.querySelectorAll(".pool")].map((pool) => [pool.querySelector("h3").textContent,
      [...pool.querySelectorAll(".chip")].map((chip) => [chip.dataset.id, chip.dataset.word])]),
    groups: [...document.querySelectorAll(".group")].map((group) => [group.querySelector("h3").textContent,
      group.querySelector(".facts").textContent, [...group.querySelectorAll(".chip")].map((chip) => chip.dataset.id)]),
    links: texts(document, ".listener a"),
  };
};
const wanted = (state) => ({
  rules: state.balancers.flatMap((balancer) => balancer.listeners).flatMap((listener) => listener.rules).map((rule) => [
    rule.priority, rule.conditions.length ? rule.conditions : ["everything else"],
    rule.action.kind === "forward" ? rule.action.shares.map((share) => [share.target_group, `${Math.round(share.percent * 10) / 10} % (${share.weight})`]) : [],
    rule.action.kind === "answer" ? rule.action.text : "",
  ]),
  targets: state.target_groups.map((group) => [group.name, group.targets.map((target) => [target.id, target.health])]),
  groups: state.groups.map((group) => [group.name,
    `${group.instances.filter((member) => member.lifecycle === "InService").length} in service of ${group.desired} desired` +
    `${group.min} to ${group.max} allowed` + (group.target_groups.length ? `in ${group.target_groups.join(", ")}` : "in no target group"),
    group.instances.map((member) => member.id)]),
  links: state.balancers.flatMap((balancer) => balancer.listeners).map((listener) => listener.url ?? ""),
});

const browser = await Browser.start();
try {
  await browser.size(1600, 1000);
  await browser.cdp("Emulation.setFocusEmulationEnabled", { enabled: true });
  await browser.open(`${lab}/_lab/`);
  await until("the page says that it is live", async () => (await browser.run(() => document.getElementById("link").textContent)) === "live");
  await until("rules, targets, groups and links are those of the lab", async () => isDeepStrictEqual(await browser.run(shown), wanted(await state())));
  check("the page's and the lab's are really compared", (await browser.run(shown)).rules.length > 0, true);
  await until("the timeline has what happened", async () => 0 < (await browser.run(() => document.querySelectorAll("#timeline li").length)));

  const tip = await browser.run(() => { const chip = document.querySelector(".pool .chip"); chip.focus(); return document.getElementById("tip").textContent; });
  const first = (await state()).target_groups.flatMap((group) => group.targets)[0];
  check("a focused target says who it is and how it is", tip.includes(first.id) && tip.includes(first.health), true);
  check("Escape takes the reason away", await browser.run(() => {
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    return document.getElementById("tip").hidden;
  }), true);

  for (const [width, scheme] of [[400, "light"], [400, "dark"], [820, "light"], [1600, "dark"], [1600, "light"]]) {
    await browser.size(width, 1000);
    await browser.scheme(scheme);
    check(`nothing is cut off at ${width} px, ${scheme}`, await browser.run(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false);
    check(`texts stand out by 4.5 to 1 at least at ${width} px, ${scheme}`, await browser.run(() => {
      const parse = (colour) => { const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number); return { parts: [red, green, blue], alpha }; };
      const light = (parts) => parts.map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
      const ground = (element) => { for (let at = element; at; at = at.parentElement) { const colour = parse(getComputedStyle(at).backgroundColor); if (colour.alpha === 1) return colour.parts; } return [255, 255, 255]; };
      const poor = [];
      for (const element of document.querySelectorAll("body *")) {
        const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!says || !element.getClientRects().length || element.closest("script,style,option")) continue;
        const [one, other] = [light(parse(getComputedStyle(element).color).parts), light(ground(element))].sort((a, b) => b - a);
        if ((one + 0.05) / (other + 0.05) < 4.5) poor.push(`${element.className}: ${element.textContent}`);
      }
      return poor;
    }), []);
    await browser.photograph(`${width}-${scheme}`);
  }

  await browser.cdp("Network.enable", {});
  await browser.offline(true);
  await until("the page says that the connection is lost", async () => (await browser.run(() =>
    document.getElementById("link").textContent === "connection lost" && !document.getElementById("lost").hidden)));
  await browser.photograph("lost");
  await browser.offline(false);
  await until("the page recovers", async () => (await browser.run(() =>
    document.getElementById("link").textContent === "live" && document.getElementById("lost").hidden)));

  const errors = (await browser.ask("POST", "/se/log", { type: "browser" })).filter((entry) => entry.level === "SEVERE" && !/ERR_INTERNET_DISCONNECTED/.test(entry.message));
  check("the browser complains of nothing", errors.map((entry) => entry.message), []);
} finally {
  await browser.end();
}
if (failures.length) {
  console.error(`\n${failures.join("\n")}`);
  process.exit(1);
}
