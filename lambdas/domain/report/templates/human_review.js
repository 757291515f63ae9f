"use strict";

// Texts of the data set are only ever set as textContent.
const review = JSON.parse(document.getElementById("review").textContent);
const element = (id) => document.getElementById(id);
const storageKey = `votes:${review.run_id}`;
const votes = new Map();
let current = 0;

const choices = { left: element("left"), tie: element("tie"), right: element("right") };

function restore() {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) || "{}");
    const known = new Set(review.pairs.map((pair) => pair.index));
    for (const [index, choice] of kept.votes || []) if (known.has(index) && choice in choices) votes.set(index, choice);
    if (typeof kept.reviewer === "string") element("reviewer").value = kept.reviewer;
  } catch {
    // Without storage, as in a private window, votes last as long as the page.
  }
}

function keep() {
  try {
    localStorage.setItem(storageKey, JSON.stringify({ votes: [...votes], reviewer: element("reviewer").value }));
  } catch {
    // See restore.
  }
}

function show() {
  const pair = review.pairs[current];
  element("place").textContent = `Pair ${current + 1} of ${review.pairs.length}`;
  element("task-text").textContent = pair.task;
  // A long task has its question at the end, after the documents.
  element("task-text").scrollTop = element("task-text").scrollHeight;
  element("reference-text").textContent = pair.reference;
  element("left-text").textContent = pair.left;
  element("right-text").textContent = pair.right;
  for (const [choice, button] of Object.entries(choices))
    button.setAttribute("aria-pressed", String(votes.get(pair.index) === choice));
  element("previous").disabled = current === 0;
  element("next").disabled = current === review.pairs.length - 1;
  element("progress").value = votes.size;
  const open = review.pairs.length - votes.size;
  element("open").textContent = open ? `${open} without a vote` : "All pairs have a vote: save them.";
}

function go(to) {
  if (to < 0 || to >= review.pairs.length) return;
  current = to;
  show();
  element("place").focus();
}

function vote(choice) {
  votes.set(review.pairs[current].index, choice);
  keep();
  const chosen = choice === "tie" ? "no difference" : `the ${choice} answer`;
  element("status").textContent = `Pair ${current + 1}: ${chosen}.`;
  const next = review.pairs.findIndex((pair, place) => place > current && !votes.has(pair.index));
  if (next >= 0) go(next);
  else show();
}

function save() {
  const reviewer = element("reviewer");
  if (!reviewer.value.trim()) {
    element("status").textContent = "Enter your name or initials first.";
    reviewer.focus();
    return;
  }
  if (!votes.size) {
    element("status").textContent = "There is no vote to save yet.";
    return;
  }
  const saved = {
    format: review.format,
    run_id: review.run_id,
    reviewer: reviewer.value.trim(),
    votes: [...votes].map(([index, choice]) => ({ index, choice })),
  };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(saved, null, 2)], { type: "application/json" }));
  link.download = "votes.json";
  link.click();
  URL.revokeObjectURL(link.href);
  element("status").textContent = `${votes.size} votes saved as votes.json.`;
}

for (const [choice, button] of Object.entries(choices)) button.addEventListener("click", () => vote(choice));
element("previous").addEventListener("click", () => go(current - 1));
element("next").addEventListener("click", () => go(current + 1));
element("save").addEventListener("click", save);
element("reviewer").addEventListener("input", keep);

const keys = { 1: "left", 2: "tie", 3: "right" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === element("reviewer")) return;
  if (event.key in keys) vote(keys[event.key]);
  else if (event.key === "ArrowLeft") go(current - 1);
  else if (event.key === "ArrowRight") go(current + 1);
});

restore();
if (review.pairs.length) show();
