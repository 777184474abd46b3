import { readFileSync } from 'node:fs';
import { tensor, Tensor, zeros, ones } from '@torsor/core';
import { grad, noGrad } from '@torsor/autograd';
const cases = JSON.parse(readFileSync('/tmp/fuzz/cases.json', 'utf8'));
const X=[[0.5,-1.2,0.3],[0.7,0.1,-0.4]], W=[[1.1,-0.2,0.6],[0.2,0.9,-0.7]];
function ex(pool: any[], s: any[]): Tensor[] {
  const op = s[0]; const a = pool[s[1]];
  switch (op) {
    case 'mul': case 'add': case 'sub': return [a[op](pool[s[2]])];
    case 'sin': case 'sigmoid': case 'tanh': case 'clone': case 'sum': case 't': case 'detach': case 'diagonal': return [a[op]()];
    case 'select': return [a.select(s[2], s[3])];
    case 'slice': return [a.slice(s[2], s[3], s[4])];
    case 'flat': return [a.view(-1)];
    case 'unsqueeze': return [a.unsqueeze(0)];
    case 'expand': return [a.expand(s[2])];
    case 'ngselect': return [noGrad(() => a.select(s[2], s[3]))];
    case 'split': return a.split(s[3], s[2]);
    case 'unbind': return a.unbind(s[2]);
    case 'mul_': case 'add_': case 'copy_': case 'fill_': a[op](pool[s[2]]); return [];
    case 'sin_': case 'sigmoid_': case 'tanh_': case 'zero_': a[op](); return [];
    case 'mulc_': a.mul_(0.5); return [];
    case 'ngadd_': noGrad(() => a.add_(0.25)); return [];
  }
  throw new Error(op);
}
const close = (a: any, b: any) => (a === null || b === null) ? (a ?? b)?.every?.((v: number) => v === 0) ?? a === b : a.every((v: number, i: number) => Math.abs(v - b[i]) <= 1e-9 * (1 + Math.abs(b[i])) || (!Number.isFinite(v) && !Number.isFinite(b[i])));
const counts: Record<string, number> = {}; const shown: Record<string, number> = {};
const note = (k: string, i: number, ...m: unknown[]) => { counts[k] = (counts[k] ?? 0) + 1; if ((shown[k] = (shown[k] ?? 0) + 1) <= 4) console.log(k, i, JSON.stringify(cases[i].steps), ...m); };
cases.forEach((c: any, n: number) => {
  const x = tensor(X, { dtype: 'float64', requiresGrad: true }), w = tensor(W, { dtype: 'float64', requiresGrad: true });
  const pool: Tensor[] = [x, w, zeros(2, 3, { dtype: 'float64' }), x.mul(1), ones(3, { dtype: 'float64' }).mul(0.5)];
  for (let k = 0; k < c.steps.length; k++) {
    let err: string | null = null;
    try { pool.push(...ex(pool, c.steps[k])); } catch (e) { err = (e as Error).message; }
    if ((err === null) !== (c.errs[k] === null)) { note(err ? 'only we throw' : 'only torch throws: ' + c.errs[k].replace(/[\d\[\],]+/g,'N').slice(0, 60), n, 'step', k, err, '|', c.errs[k]); return; }
    if (err) { note('both throw', n); return; }
  }
  let fin: string | null = null;
  try {
    const rg = pool.map((t) => t.requiresGrad);
    if (c.rg && JSON.stringify(rg) !== JSON.stringify(c.rg)) { note('requiresGrad differs', n, rg.join(), c.rg.join()); return; }
    const terms = pool.map((t, i) => t.requiresGrad ? t.mul(t).sum().mul(1 + i % 3) : null).filter((t) => t !== null);
    const loss = terms.reduce((a, b) => a.add(b));
    if (c.loss !== undefined && !close([loss.item()], [c.loss])) { note('loss differs', n, loss.item(), c.loss); return; }
    const g = grad(loss, [x, w], { createGraph: true, allowUnused: true });
    if (c.g && !g.every((t, i) => close(t && Array.from(t.toTypedArray() as any), c.g[i]))) { note('gradient differs', n, g.map((t) => t && Array.from(t.toTypedArray() as any)), c.g); return; }
    const tg = g.filter((t) => t !== null && t.requiresGrad);
    const h = tg.length ? grad(tg.map((t) => t!.sin().sum()).reduce((a, b) => a.add(b)), [x, w], { allowUnused: true }) : [null, null];
    if (c.h && !h.every((t, i) => close(t && Array.from(t.toTypedArray() as any), c.h[i]))) { note('second differs', n, h.map((t) => t && Array.from(t.toTypedArray() as any)), c.h); return; }
  } catch (e) { fin = (e as Error).message; }
  if ((fin === null) !== (c.final === undefined)) note(fin ? 'final: only we throw' : 'final: only torch throws: ' + c.final.replace(/[\d\[\],]+/g,'N').slice(0, 70), n, fin, '|', c.final);
  else note(fin ? 'final both throw' : 'same', n);
});
console.log(counts);
