/* Two small repairs for formulas that were rendered when the book was built. */
(function () {
  "use strict";
  // What scrolls sideways must be reachable by keyboard: wide formulas, code, tables.
  const mark = () => {
    for (const e of document.querySelectorAll(".katex-display, .highlight pre, .pst-scrollable-table-container")) {
      if (e.scrollWidth > e.clientWidth + 1) e.tabIndex = 0; else e.removeAttribute("tabindex");
    }
  };
  addEventListener("load", mark);
  addEventListener("resize", mark);
  document.fonts?.ready.then(mark);
  // Search excerpts: a formula is in the page as MathML, as TeX and as drawn text; keep the MathML.
  addEventListener("DOMContentLoaded", () => {
    if (typeof Search === "undefined") return;
    const old = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      page.querySelectorAll(".katex-html, annotation").forEach((e) => e.remove());
      return old(page.documentElement.outerHTML, anchor);
    };
  });
})();
