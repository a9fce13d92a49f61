/* What the widget where_to_clip shows of each tensor: reads what clip_table.py
 * sends.  Chapter: calibration */

const BITS = [8, 6, 5, 4, 3, 2], CUTS = 64, BINS = 2048, PER = BINS / CUTS;
const Z95 = 1.959963984540054, ALPHA = .05;
const spaced = (count, from = 0) => Array.from({ length: count }, (_, k) => k + from);
const total = (list, from = 0, to = list.length) => {
  let sum = 0;
  for (let k = from; k < to; k++) sum += list[k];
  return sum;
};

/** LEB128: seven bits a byte, the lowest first. */
function integers(view) {
  const list = [];
  for (let at = 0, n = 0, shift = 0; at < view.byteLength; at++) {
    const byte = view.getUint8(at);
    n += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) { list.push(n); n = shift = 0; }
  }
  return list;
}

/** What Python sent, unpacked once; `known` holds what was computed from it. */
const sent = new WeakMap();
function tablesOf(get) {
  if (!sent.has(get("counts"))) {
    const flat = Float64Array.from(integers(get("counts"))), both = integers(get("answers")), rms = get("rms");
    const layers = get("layers").map((it, k) => ({ ...it, counts: flat.slice(k * BINS, (k + 1) * BINS) }));
    const inner = layers.slice(1, -2), all = layers.at(-1);
    all.counts = new Float64Array(BINS).map((_, j) => total(inner.map(it => it.counts[j])));
    for (const it of layers) {
      it.n = total(it.counts);
      it.beyond = spaced(CUTS + 1).map(k => total(it.counts, k * PER));
      it.energy = total(it.counts.map((n, j) => n * ((j + .5) * it.max / BINS) ** 2)) / it.n;
    }
    sent.set(get("counts"), { layers, inner, all, known: new Map(), right: get("right"), scale: get("scale"),
      images: get("images"), lost: both.slice(0, both.length / 2), won: both.slice(both.length / 2),
      rms: spaced(rms.byteLength / 4).map(k => rms.getFloat32(4 * k, true)) });
  }
  return sent.get(get("counts"));
}
const once = (d, key, make) => {
  if (!d.known.has(key)) d.known.set(key, make());
  return d.known.get(key);
};

// ---- twins of qlib.stats -----------------------------------------------------

function wilson(k, n) {
  const p = k / n, w = Z95 ** 2 / n, middle = (p + w / 2) / (1 + w);
  const half = Z95 / (1 + w) * Math.sqrt(p * (1 - p) / n + Z95 ** 2 / (4 * n * n));
  return [Math.max(0, middle - half), k === n ? 1 : middle + half];
}
function mcnemar(b, c) {
  let term = 2 ** -(b + c), sum = 0;
  for (let k = 0; k <= Math.min(b, c); k++) { sum += term; term *= (b + c - k) / (k + 1); }
  return Math.min(1, 2 * sum);
}

/** What was measured at each threshold, numbered from 1: the accuracy with its interval,
 *  the error of the logits, and the widest run without a difference from float. */
function measured(d, layer, bits) {
  const rows = spaced(CUTS, (layer * BITS.length + BITS.indexOf(bits)) * CUTS);
  const right = rows.map(k => d.right - d.lost[k] + d.won[k]);
  let run = [], same = [];
  rows.forEach((at, k) => {
    run = mcnemar(d.lost[at], d.won[at]) > ALPHA ? [...run, k + 1] : [];
    if (run.length > same.length) same = run;
  });
  return { same, rms: rows.map(k => d.rms[k]), rates: right.map(k => [k / d.images, ...wilson(k, d.images)]) };
}
