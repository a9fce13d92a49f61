/* Runs the book's widgets in a page that has no kernel.
 *
 * myst-nb leaves the state of all widgets in one JSON script, and one small
 * view script where each widget stands.  This file plays the part of the
 * kernel's other end: it gives every model get, set and on, imports the
 * model's ES module from the page itself and calls its render().  Nothing is
 * requested from anywhere; it works over http and from file://.
 *
 * A widget's picture (.q-fallback) stands in front of its view script.  It
 * is hidden when the live widget is there, in the same frame, and stays if
 * the widget fails.
 */
(function () {
  "use strict";
  const SCRIPT = 'script[type="application/vnd.jupyter.widget-';
  const models = new Map();    // model id -> Model; views may share one
  const modules = new Map();   // source -> promise; the same source loads once
  const styled = new Set();

  const DECODE = {
    base64: text => Uint8Array.from(atob(text), c => c.charCodeAt(0)),
    hex: text => Uint8Array.from(text.match(/../g) ?? [], h => parseInt(h, 16)),
  };

  class Model {
    constructor({ state, buffers = [] }) {
      this.traits = structuredClone(state);
      this.handlers = new Map();
      for (const { path, encoding, data } of buffers) {
        const where = path.slice(0, -1).reduce((o, key) => o[key], this.traits);
        where[path.at(-1)] = new DataView(DECODE[encoding](data).buffer);
      }
      this.widget_manager = {
        get_model: async ref => models.get(ref.replace("IPY_MODEL_", "")),
      };
    }
    get(name) { return this.traits[name]; }
    set(name, value) {           // set("a", 1) or set({a: 1, b: 2})
      const wanted = typeof name === "string" ? { [name]: value } : name;
      const changed = Object.keys(wanted)
        .filter(key => this.traits[key] !== wanted[key]);
      Object.assign(this.traits, wanted);
      for (const key of changed) {
        this.emit(`change:${key}`, this, wanted[key]);
      }
      if (changed.length) this.emit("change", this);
    }
    save_changes() {}            // there is no kernel to save to
    send() {}
    on(names, handler) {
      for (const name of names.split(/\s+/)) {
        const known = this.handlers.get(name) ?? new Set();
        this.handlers.set(name, known.add(handler));
      }
    }
    off(names, handler) {
      if (!names) return this.handlers.clear();
      for (const name of names.split(/\s+/)) {
        if (handler) this.handlers.get(name)?.delete(handler);
        else this.handlers.delete(name);
      }
    }
    emit(name, ...args) {
      for (const handler of [...this.handlers.get(name) ?? []]) handler(...args);
    }
  }

  function load(source) {
    if (!modules.has(source)) {
      const blob = new Blob([source], { type: "text/javascript" });
      modules.set(source, import(URL.createObjectURL(blob))
        .then(module => module.default));
    }
    return modules.get(source);
  }

  function addStyle(css) {
    if (!css || styled.has(css)) return;
    styled.add(css);
    const style = document.createElement("style");
    style.textContent = css;
    document.head.append(style);
  }

  async function show(el, model) {
    addStyle(model.get("_css"));
    let widget = await load(model.get("_esm"));
    if (typeof widget === "function") widget = await widget();
    const signal = new AbortController().signal;
    const invoke = async () => { throw new Error("the book has no kernel"); };
    const given = { model, signal, experimental: { invoke } };
    model.ready ??= Promise.resolve(widget.initialize?.(given));
    await model.ready;
    await widget.render?.({ ...given, el });
  }

  function place(script) {       // one view: never fail in silence
    const model = models.get(JSON.parse(script.textContent).model_id);
    const picture = script.parentElement.querySelector(".q-fallback");
    const el = document.createElement("div");
    el.className = "static-widget";
    script.before(el);
    if (model?.get("_model_module") !== "anywidget") {
      el.dataset.unsupported = "";
      el.textContent = "This control only works in a running notebook.";
      return;
    }
    show(el, model).then(() => { if (picture) picture.hidden = true; }, error => {
      el.setAttribute("role", "alert");
      el.textContent = `This widget could not start: ${error.message}`;
      console.error(error);
    });
  }

  function start() {
    for (const script of document.querySelectorAll(`${SCRIPT}state+json"]`)) {
      const { state } = JSON.parse(script.textContent);
      for (const [id, saved] of Object.entries(state)) {
        models.set(id, new Model(saved));
      }
    }
    document.querySelectorAll(`${SCRIPT}view+json"]`).forEach(place);
  }

  if (document.readyState !== "loading") start();
  else document.addEventListener("DOMContentLoaded", start);
})();
