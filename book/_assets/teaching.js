/* Predictions are locked and met again in the reveal.  Every word and number
 * was computed when the book was built; here they are looked up.  An answer
 * lives in this page only and is gone when the page is loaded again. */
(() => {
  "use strict";
  const $ = (root, selector) => root.querySelector(selector);

  /** The reveal waits for an answer, or for a reader who does not want to give one. */
  const wait = root => {
    const plain = $(root, ".q-plain"), result = $(root, ".q-result"), row = $(root, ".q-wait");
    const open = () => {
      result.hidden = false;
      row.hidden = true;
      plain.classList.remove("waits");
    };
    $(root, ".q-said").textContent = "Not locked yet.";
    plain.hidden = result.hidden = true;
    row.hidden = false;
    plain.classList.add("waits");                      // on paper it does not wait
    $(row, "button").addEventListener("click", () => {
      open();
      plain.hidden = false;
      $(root, ".q-said").textContent = "";
      $(root, ".q-title").focus({ preventScroll: true });
    });
    return open;
  };

  /** The reader's mark on the ruler, and the gap between it and the result. */
  const mark = (scale, k) => {
    const said = JSON.parse(scale.dataset.said), at = 100 * k / (said.length - 1);
    const is = +$(scale, ".q-is").dataset.at, you = $(scale, ".q-you"), gap = $(scale, ".q-gap");
    you.style.left = `${at}%`;
    $(you, "b").textContent = `you said ${said[k]}`;
    you.classList.add(at < 18 ? "first" : at > 82 ? "last" : "mid");
    gap.style.left = `${Math.min(at, is)}%`;
    gap.style.width = `${Math.abs(at - is)}%`;
    you.hidden = gap.hidden = false;
  };

  const reveal = (root, open, k) => {
    open();
    $(root, ".q-plain").hidden = true;
    $(root, ".q-said").textContent = JSON.parse(root.dataset.verdicts)[k];
    const scale = $(root, ".q-both");
    if (scale) mark(scale, k);
    else root.querySelectorAll(".q-was li")[k].classList.add("mine");
  };

  const ask = (root, told) => {
    const fields = $(root, "fieldset"), row = $(root, ".q-row"), lock = $(row, "button");
    const range = $(root, "input[type=range]");
    let k = null, words = "";
    const answer = (index, text) => { k = index; words = text; lock.disabled = false; };
    fields.disabled = false;
    row.hidden = false;
    for (const radio of root.querySelectorAll("input[type=radio]")) {
      radio.checked = false;
      radio.addEventListener("change", () => answer(+radio.value, radio.nextSibling.textContent));
    }
    if (range) {
      const said = JSON.parse(range.dataset.said);
      const read = () => {
        answer(+range.value, said[range.value]);
        range.classList.remove("q-open");
        range.setAttribute("aria-valuetext", words);
        $(root, ".q-value").textContent = words;
      };
      range.value = range.getAttribute("value");
      range.addEventListener("input", read);
      range.addEventListener("click", read);          // the middle is an answer, too
      range.addEventListener("keydown", e => { if (e.key === "Enter" || e.key === " ") read(); });
    }
    lock.addEventListener("click", () => {
      if (root.classList.contains("q-locked")) return;
      root.classList.add("q-locked");
      fields.disabled = true;
      lock.setAttribute("aria-disabled", "true");      // it keeps the focus
      lock.textContent = `Locked: ${words}`;
      $(row, "p").textContent = "Your answer waits in the reveal. Reload the page to answer again.";
      told(k);
    });
  };

  const start = () => {
    const waiting = new Map();
    for (const root of document.querySelectorAll("[data-reveal]"))
      waiting.set(root.dataset.reveal, { root, open: wait(root) });
    for (const root of document.querySelectorAll("[data-predict]")) {
      ask(root, k => {
        const there = waiting.get(root.dataset.predict);
        if (there) reveal(there.root, there.open, k);
      });
    }
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
