"use strict";
// Every text of a message goes into the page as text, never as markup.

const view = document.getElementById("view");
let timer = 0;
let turn = 0; // of what is shown: an answer that comes late for an older view is thrown away

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null));
  return element;
}

async function ask(path, options) {
  const answer = await fetch(path, { headers: { Accept: "application/json" }, ...options });
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const said = body.issue && body.issue[0] && body.issue[0].diagnostics;
  throw Object.assign(new Error(said || "the server answered " + answer.status), { status: answer.status });
}

function table(columns, rows, link) {
  const head = make("tr", {}, columns.map((column) => make("th", { scope: "col", class: column.kind }, column.name)));
  const body = rows.map((row) => {
    const cells = columns.map((column) => make("td", { class: column.class ? column.class(row) : column.kind }, column.cell(row) ?? ""));
    return make("tr", link ? { class: "link", onclick: (event) => event.target.closest("a, button") || (location.hash = link(row)) } : {}, cells);
  });
  return make("table", {}, make("thead", {}, head), make("tbody", {}, body));
}

const text = (name, key, kind) => ({ name, kind, cell: (row) => String(row[key] ?? "") });
const time = (name, key) => ({ name, kind: "time", cell: (row) => (row[key] || "").replace("T", " ").replace("Z", "") });
const status = (name) => ({ name, class: (row) => row.status, cell: (row) => row.status });

// ------------------------------------------------------------------ overview

/// The figures of the feeds, out of the exposition for Prometheus.
function feedsOf(exposition) {
  const feeds = new Map();
  for (const line of exposition.split("\n")) {
    const found = /^sinew_(messages_\w+|ledger_atoms)_total\{(.*)\} (\d+)$/.exec(line);
    if (!found) continue;
    const labels = Object.fromEntries([...found[2].matchAll(/(\w+)="([^"]*)"/g)].map((pair) => [pair[1], pair[2]]));
    if (!labels.feed) continue;
    const feed = feeds.get(labels.feed) || { feed: labels.feed };
    feed[labels.fate || found[1].replace("messages_", "")] = Number(found[3]);
    feeds.set(labels.feed, feed);
  }
  return [...feeds.values()];
}

function retained(feed) {
  const all = (feed.mapped || 0) + (feed.unmapped || 0);
  return all === 0 ? "" : ((100 * (feed.mapped || 0)) / all).toFixed(1) + " %";
}

async function showOverview() {
  const [exposition, destinations] = await Promise.all([
    fetch("/metrics").then((answer) => answer.text()),
    ask("/deliveries").then((body) => body.destinations, (error) => { if (error.status === 404) return null; throw error; }),
  ]);
  const count = (name, key) => ({ name, kind: "number", cell: (row) => String(row[key] ?? 0) });
  const parts = [
    make("h2", {}, "Feeds"),
    table([
      text("Feed", "feed"), count("Received", "received"), count("Applied", "applied"), count("Failed", "failed"),
      count("Duplicate", "duplicate"), count("Nothing to map", "ignored"), { name: "Values kept", kind: "number", cell: retained },
    ], feedsOf(exposition)),
    make("h2", {}, "Destinations"),
  ];
  if (!destinations) {
    parts.push(make("p", { class: "note" }, "No channels: the server was started without --channels."));
  } else {
    parts.push(table([
      text("Destination", "destination"), count("Waiting", "waiting"), count("Sending", "sending"), count("Held", "held"),
      count("Dead", "dead"), count("Delivered", "delivered"), text("Last failure", "lastFailure"),
      { name: "", cell: (row) => row.configured ? decision(row.paused ? "resume" : "pause", "destination=" + encodeURIComponent(row.destination)) : "in no channel" },
    ], destinations));
  }
  return parts;
}

function decision(what, parameters) {
  return make("button", {
    type: "button",
    onclick: () => ask("/deliveries/" + what + "?" + parameters, { method: "POST" }).then(() => show(), complain),
  }, what);
}

// ------------------------------------------------------------------ messages

const kMessageStatus = ["", "received", "applied", "failed", "duplicate", "ignored"];
const kDeliveryStatus = ["", "waiting", "sending", "held", "dead", "skipped", "delivered"];

function choice(name, label, values, chosen) {
  return make("label", {}, label, make("select", { name }, values.map((value) =>
    make("option", { value, selected: value === chosen ? "" : false }, value || "any"))));
}

function field(name, label, value) {
  return make("label", {}, label, make("input", { name, value: value || "", autocomplete: "off" }));
}

function filter(place, ...fields) {
  return make("form", {
    onsubmit: (event) => {
      event.preventDefault();
      const given = [...new FormData(event.target)].filter(([, value]) => value !== "");
      location.hash = place + "?" + new URLSearchParams(given);
    },
  }, fields, make("button", {}, "Show"));
}

// By the index; `word*` finds what begins so.
const kMessageFields = [
  ["text", "Words"], ["patient", "Patient number"], ["name", "Patient name"], ["order", "Order"], ["accession", "Accession"],
  ["visit", "Visit"], ["control", "Control id (MSH-10)"], ["type", "Type (ADT^A01)"], ["feed", "Feed"],
  ["since", "From (2026-11-21)"], ["until", "Before"], ["reason", "Reason of failure"],
];

async function showMessages(parameters) {
  const page = await ask("/messages?" + parameters);
  const older = new URLSearchParams(parameters);
  older.set("before", page.next);
  return [
    filter("messages", kMessageFields.map(([name, label]) => field(name, label, parameters.get(name))),
      choice("status", "Status", kMessageStatus, parameters.get("status"))),
    table([
      { name: "Message", kind: "number", cell: (row) => make("a", { href: "#message/" + row.id }, String(row.id)) },
      time("Received", "received"), text("Feed", "feed"), text("Type", "type"), text("Control id", "controlId"),
      text("Sender", "sender"), status("Status"), text("Reason", "reason"),
    ], page.messages, (row) => "message/" + row.id),
    page.messages.length === 0 ? make("p", { class: "note" }, page.next ? "None among the last 20,000." : "No message.") : null,
    page.messages.length > 1 && [...parameters].length ? make("p", {}, again(parameters, "Take all of these up again")) : null,
    page.next ? make("p", {}, make("a", { href: "#messages?" + older }, "Older")) : null,
  ];
}

/// Has messages mapped and passed on again, after a question: receivers get them twice.
function again(parameters, label) {
  return make("button", {
    type: "button",
    onclick: () => confirm("The messages are mapped again by the tables in force, and passed on again by the channels in force.") &&
      ask("/messages/reprocess?" + parameters, { method: "POST" })
        .then((done) => complain(new Error(done.reprocessed.length + " messages are taken up again" + (done.more ? "; there are more" : "")))).catch(complain),
  }, label);
}

async function showMessage(id) {
  const message = await ask("/messages/" + encodeURIComponent(id));
  const report = message.report || {};
  const resources = ((report.bundle || {}).entry || []).filter((entry) => entry.resource).map((entry) =>
    ({ resourceType: entry.resource.resourceType, id: entry.resource.id, how: (entry.request || {}).method }));
  return [
    make("h2", {}, "Message " + message.id),
    make("dl", {}, [["Received", message.received], ["Feed", message.feed], ["Type", message.type], ["Control id", message.controlId],
      ["Sender", message.sender], ["Status", message.status], ["Reason", message.reason], ["Fault", message.fault]]
      .filter(([, value]) => value).map(([name, value]) =>
        [make("dt", {}, name), make("dd", { class: name === "Status" ? value : name === "Fault" ? "fault" : null }, value)])),
    make("p", {}, again("id=" + message.id, "Take up again")),
    make("h2", {}, "Deliveries"),
    message.deliveries.length ? deliveryTable(message.deliveries) : make("p", { class: "note" }, "It goes nowhere."),
    make("h2", {}, "As received"),
    make("pre", {}, message.message.replace(/\r\n?/g, "\n")),
    make("h2", {}, "What it becomes, by the tables in force"),
    make("p", { class: "note" }, `${report.mapped ?? 0} values mapped, ${report.ignored ?? 0} ignored with a reason, ${report.unmapped ?? 0} unmapped.`),
    table([
      { name: "Resource", cell: (row) => make("a", { href: `/fhir/${row.resourceType}/${row.id}?_pretty=true` }, `${row.resourceType}/${row.id}`) },
      { name: "How", cell: (row) => row.how },
    ], resources),
    // As the server wrote it: parsing would turn 113.50 into 113.5.
    make("details", {}, make("summary", {}, "The transaction as JSON"), make("pre", {}, message.bundle || "")),
    make("h2", {}, "What was not kept"),
    table([text("Field", "path"), text("Value", "text"), { name: "Fate", class: (row) => row.fate, cell: (row) => row.fate }, text("Reason", "reason")],
      (report.ledger || []).filter((row) => row.fate !== "mapped")),
  ];
}

// ---------------------------------------------------------------- deliveries

function deliveryTable(deliveries) {
  return table([
    text("Item", "item", "number"), text("Destination", "destination"), status("Status"), text("Attempts", "attempts", "number"),
    time("Changed", "changed"),
    { name: "Message", kind: "number", cell: (row) => row.message ? make("a", { href: "#message/" + row.message }, String(row.message)) : "" },
    text("Answer", "reason"),
    { name: "", cell: (row) => {
      const over = ["delivered", "skipped", "dead"].includes(row.status);
      return make("span", {}, decision("resend", "item=" + row.item), over ? "" : " ", over ? "" : decision("skip", "item=" + row.item));
    } },
  ], deliveries);
}

async function showDeliveries(parameters) {
  const found = (await ask("/deliveries/list?" + parameters)).deliveries;
  const older = new URLSearchParams(parameters);
  if (found.length) older.set("before", found[found.length - 1].item);
  return [
    filter("deliveries", choice("status", "Status", kDeliveryStatus, parameters.get("status")),
      field("destination", "Destination", parameters.get("destination"))),
    found.length ? deliveryTable(found) : make("p", { class: "note" }, "None."),
    found.length >= 50 ? make("p", {}, make("a", { href: "#deliveries?" + older }, "Older")) : null,
  ];
}

// ------------------------------------------------------------------- turning

/// Which views are drawn again by themselves: those that hold nothing a person is filling in or reading.
const kViews = {
  overview: { show: showOverview, again: 2000 },
  messages: { show: showMessages, again: 0 },
  message: { show: (_, id) => showMessage(id), again: 0 },
  deliveries: { show: showDeliveries, again: 0 },
};

function complain(error) {
  const health = document.getElementById("health");
  health.textContent = error.message;
  health.className = "fault";
}

async function show() {
  clearTimeout(timer);
  const mine = ++turn;
  const [place, query] = (location.hash.slice(1) || "overview").split("?");
  const [name, id] = place.split("/");
  const chosen = kViews[name] || kViews.overview;
  for (const link of document.querySelectorAll("nav a"))
    link.setAttribute("aria-current", link.hash === "#" + name || (name === "message" && link.hash === "#messages") ? "page" : "false");
  try {
    const parts = await chosen.show(new URLSearchParams(query || ""), id);
    if (mine !== turn) return;
    view.replaceChildren(...parts.filter(Boolean));
    document.getElementById("health").textContent = "";
  } catch (error) {
    if (mine !== turn) return;
    if (error.status === 404 && name === "deliveries") error.message = "No channels: the server was started without --channels.";
    complain(error);
    if (!chosen.again) view.replaceChildren();
  }
  if (chosen.again) timer = setTimeout(show, chosen.again);
}

addEventListener("hashchange", show);
show();
