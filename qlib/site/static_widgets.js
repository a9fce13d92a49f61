/* Runs the book's widgets in a page that has no kernel.
 *
 * myst-nb leaves the state of all widgets in one JSON script, and a small
 * view script where each widget stands.  This file plays the kernel's other
 * end: it gives every model get, set and on, imports the model's ES module
 * from the page itself and calls its render().  Nothing is requested from
 * anywhere; it works over http, in a sub-path and from file://.
 *
 * In front of a view script stands a picture (.q-fallback).  It is hidden in
 * the frame in which the live widget appears, and stays if the widget fails.
 */
(function () {
  "use strict";
  const SCRIPT = 'script[type="application/vnd.jupyter.widget-';
  const models = new Map();    // model id -> Model; views may share one
  const modules = new Map();   // source -> promise; the same source loads once
  const styles = new Set();

  const DECODE = {
    base64: text => Uint8Array.from(atob(text), c => c.charCodeAt(0)),
    hex: text => Uint8Array.from(text.match(/../g) ?? [], h => parseInt(h, 16)),
  };

  class Model {
    constructor({ state, buffers = [] }) {
      this.traits = state;
      this.handlers = {};
      for (const { path, encoding, data } of buffers) {
        const holder = path.slice(0, -1).reduce((o, key) => o[key], state);
        holder[path.at(-1)] = new DataView(DECODE[encoding](data).buffer);
      }
      const find = async name => models.get(name.replace("IPY_MODEL_", ""));
      this.widget_manager = { get_model: find };
    }
    get(name) { return this.traits[name]; }
    set(name, value) {         // set("a", 1) or set({ a: 1, b: 2 })
      const wanted = typeof name === "string" ? { [name]: value } : name;
      const changed = Object.keys(wanted)
        .filter(key => this.traits[key] !== wanted[key]);
      Object.assign(this.traits, wanted);
      for (const key of changed) this.emit(`change:${key}`, wanted[key]);
      if (changed.length) this.emit("change");
    }
    save_changes() {}          // there is no kernel to save to
    send() {}
    on(names, handler) {
      for (const n of names.split(/\s+/)) (this.handlers[n] ??= new Set()).add(handler);
    }
    off(names, handler) {
      for (const n of names?.split(/\s+/) ?? Object.keys(this.handlers)) {
        if (handler) this.handlers[n]?.delete(handler);
        else delete this.handlers[n];
      }
    }
    emit(name, ...rest) {
      for (const handler of [...this.handlers[name] ?? []]) handler(this, ...rest);
    }
  }

  async function load(source) {
    const blob = new Blob([source], { type: "text/javascript" });
    const { default: widget } = await import(URL.createObjectURL(blob));
    return typeof widget === "function" ? widget() : widget;
  }

  async function show(el, model) {
    const css = model.get("_css"), source = model.get("_esm");
    if (css && !styles.has(css)) {
      document.head.append(Object.assign(document.createElement("style"),
        { textContent: css }));
      styles.add(css);
    }
    if (!modules.has(source)) modules.set(source, load(source));
    const widget = await modules.get(source);
    const invoke = async () => { throw new Error("the book has no kernel"); };
    const given = { model, signal: new AbortController().signal,
      experimental: { invoke } };
    await (model.ready ??= Promise.resolve(widget.initialize?.(given)));
    await widget.render?.({ ...given, el });
  }

  async function place(script) {       // one view: never fail in silence
    const picture = script.closest(".q-widget")?.querySelector(".q-fallback");
    const el = document.createElement("div");
    el.className = "static-widget";
    script.before(el);
    const model = models.get(JSON.parse(script.textContent).model_id);
    if (model?.get("_model_module") !== "anywidget") {
      el.dataset.unsupported = "";
      el.textContent = "This control only works in a running notebook.";
      return;
    }
    try {
      await show(el, model);
      if (picture) picture.hidden = true;
    } catch (error) {
      el.setAttribute("role", "alert");
      el.textContent = `This widget could not start: ${error.message}`;
      console.error(error);
    }
  }

  /* Widget 5.1 is the first one of the fifth chapter; only the page knows. */
  function count(script, k) {
    const chapter = document.querySelector("h1 .section-number");
    const model = models.get(JSON.parse(script.textContent).model_id);
    if (chapter) model?.set("number", `${parseInt(chapter.textContent)}.${k + 1}`);
  }

  function start() {
    for (const script of document.querySelectorAll(`${SCRIPT}state+json"]`)) {
      const { state } = JSON.parse(script.textContent);
      for (const id in state) models.set(id, new Model(state[id]));
    }
    const views = document.querySelectorAll(`${SCRIPT}view+json"]`);
    views.forEach(count);
    views.forEach(place);
  }

  if (document.readyState !== "loading") start();
  else document.addEventListener("DOMContentLoaded", start);
})();
