/* What each rule makes of a tensor at the 64 thresholds: clip_rules.py computes
 * the same with qlib.  Chapter: calibration */

const least = (list, from = 0, to = list.length) =>       // the first of the smallest
  list.indexOf(Math.min(...list.slice(from, to)), from);
const median = lists => lists[0].map((_, k) =>            // of an odd number of lists
  lists.map(list => list[k]).sort((a, b) => a - b)[(lists.length - 1) / 2]);

const SMOOTH = {
  none: p => p,
  ncnn: p => { const e = 1e-4 * total(p); return p.map(v => v + e); },
  MXNet: p => {
    const n = p.filter(v => !v).length, e = 1e-4 * n / (p.length - n);
    return n === p.length ? p : p.map(v => v ? v - e : 1e-4);
  },
};
/** P and Q as counts, the first i bins kept.  Q: each level shares its counts among
 *  its bins that are not empty; with the bug, `stop = -1`, the last bin is none. */
function pq(counts, i, levels, { zeros, bug }) {
  const P = counts.slice(0, i), Q = new Float64Array(i), last = bug ? i - 1 : i;
  if (!zeros) P[0] = 0;
  for (let j = 0, k = 0; j < levels; j++) {
    const from = k, to = Math.ceil((j + 1) * i / levels);
    let sum = 0, bins = 0;
    for (; k < to; k++) { sum += P[k]; bins += P[k] > 0 && k < last; }
    for (k = from; k < to; k++) if (P[k] > 0 && k < last) Q[k] = sum / bins;
  }
  P[i - 1] += total(counts, i);
  return { P, Q };
}
function divergence(P, Q) {
  const p = total(P), q = total(Q) || 1;
  let D = 0;
  for (let k = 0; k < P.length; k++) {
    if (P[k] > 0) D += Q[k] ? P[k] / p * Math.log(P[k] / p / (Q[k] / q)) : Infinity;
  }
  return Math.max(0, D);
}
function klAt(counts, i, levels, rule) {
  const { P, Q } = pq(counts, i, levels, rule), smooth = SMOOTH[rule.smoothing];
  return divergence(smooth(P), smooth(Q));
}
const levelsOf = (it, bits) => 2 ** (bits - it.signed);
const stepOf = (it, bits, k) => Math.fround(k / CUTS * it.max / (levelsOf(it, bits) - 1));
/** Mean squared error of a tensor: of all its values, of those within T, and beyond it. */
function errorsAt(it, bits, k) {
  const S = stepOf(it, bits, k), top = levelsOf(it, bits) - 1, sums = [0, 0];
  for (let j = 0; j < BINS; j++) {
    const c = (j + .5) * it.max / BINS, e = c - S * Math.min(halfEven(c / S), top);
    sums[+(j >= k * PER)] += it.counts[j] * e * e;
  }
  return [total(sums), ...sums].map(sum => sum / it.n);
}

// ---- curves over the thresholds, computed once per choice -------------------------

const klCurve = (d, { layer, bits, smoothing, zeros, bug }) =>
  once(d, `kl ${layer} ${bits} ${smoothing} ${zeros} ${bug}`, () => {
    const it = d.layers[layer], rule = { smoothing, zeros, bug };
    return it === d.all
      ? median(d.inner.map((_, k) => klCurve(d, { layer: k + 1, bits, ...rule })))
      : spaced(CUTS, 1).map(k => klAt(it.counts, k * PER, levelsOf(it, bits), rule));
  });
const errorCurves = (d, layer, bits) => once(d, `mse ${layer} ${bits}`, () => {
  const it = d.layers[layer];
  if (it !== d.all) {
    const each = spaced(CUTS, 1).map(k => errorsAt(it, bits, k));
    return [0, 1, 2].map(j => each.map(sums => sums[j]));
  }
  const shares = d.inner.map((one, k) => errorCurves(d, k + 1, bits).map(list => list.map(v => v / one.energy)));
  return [0, 1, 2].map(j => median(shares.map(curves => curves[j])));
});
/** Everything that does not move with T; thresholds are numbered from 1. */
const chosen = (d, s) => once(d, `all ${s.layer} ${s.bits} ${s.smoothing} ${s.zeros} ${s.bug}`, () => {
  const it = d.layers[s.layer], whole = it === d.all, data = measured(d, s.layer, s.bits);
  const kl = klCurve(d, s), [mse, rounding, clipping] = errorCurves(d, s.layer, s.bits);
  const levels = Math.max(...(whole ? d.inner : [it]).map(one => levelsOf(one, s.bits)));
  const from = Math.max(1, Math.ceil(levels / PER)), best = least(kl, from - 1, CUTS - 1);
  const own = it.picks?.[BITS.indexOf(s.bits)].map(T => T / it.max * CUTS);    // qlib's, of all thresholds
  const asIs = own && !s.bug && s.smoothing === "none", among = kl[best] < Infinity ? best + 1 : null;
  return { it, whole, qmax: levels - 1, from, kl, mse, rounding, clipping, ...data,
    plain: s.bug ? klCurve(d, { ...s, bug: false }) : null,
    picks: { kl: asIs ? own[1 + s.zeros] : among, mse: own ? own[0] : least(mse) + 1, rms: least(data.rms) + 1 } };
});

// ---- numbers as readers see them ----------------------------------------------

const at = (c, k) => fixed(k / CUTS * c.it.max, 2);
const share100 = (n, all) => n / all < 1e-4 ? "less than 0.01" : digits(100 * n / all, 2);
