import { isTensor } from '@torsor/core';
import { gradcheck, gradgradcheck, noGrad } from './index.ts';
import { derivatives } from './derivatives/index.ts';
import { specs } from './derivatives/specs/index.ts';
import { leaves } from './derivatives/specs/check.ts';
import { outputsOf, DEFAULT_TOLERANCE } from './derivatives/specs/spec.ts';
const pass = (spec: any, order: number) => {
  const t = spec.tolerance ?? DEFAULT_TOLERANCE;
  for (const s of spec.samples()) {
    try { (order === 1 ? gradcheck : gradgradcheck as any)((...x: any[]) => outputsOf(s.run(...x)), leaves(s), { atol: t.absolute, rtol: t.relative }); }
    catch { return false; }
  }
  return true;
};
for (const [op, d] of Object.entries(derivatives) as any) {
  const spec: any = (specs as any)[op];
  if (d.kind !== 'formula') continue;
  const orig = d.backward;
  // positions that ever return a tensor
  const seen = new Set<number>();
  d.backward = (g: any, c: any) => { const r = orig(g, c); r.forEach((x: any, i: number) => { if (isTensor(x) || Array.isArray(x)) seen.add(i); }); return r; };
  pass(spec, 1);
  const out: string[] = [];
  for (const i of seen) {
    const map = (x: any, f: any) => Array.isArray(x) ? x.map((y) => isTensor(y) ? f(y) : y) : isTensor(x) ? f(x) : x;
    d.backward = (g: any, c: any) => orig(g, c).map((x: any, j: number) => i === j ? map(x, (y: any) => y.mul(1.0001)) : x);
    if (pass(spec, 1)) out.push(`scale ${i}`);
    d.backward = (g: any, c: any) => orig(g, c).map((x: any, j: number) => i === j ? null : x);
    if (pass(spec, 1)) out.push(`null ${i}`);
    if (spec.order === 2) {
      d.backward = (g: any, c: any) => orig(g, c).map((x: any, j: number) => i === j ? map(x, (y: any) => y.detach()) : x);
      if (pass(spec, 2)) out.push(`detach ${i}`);
    }
  }
  // wrong second derivative wrt saved: detach args & results
  if (spec.order === 2) {
    d.backward = (g: any, c: any) => { const det = (x: any): any => isTensor(x) ? x.detach() : Array.isArray(x) ? x.map(det) : x; return orig(g, { args: c.args.map(det), needs: c.needs, result: det(c.result) }); };
    if (pass(spec, 2) && (d.keepFor.length || d.keepOutputFor.length)) out.push('detach saved');
  }
  d.backward = orig;
  if (out.length || seen.size === 0) console.log(op, [...seen].join(','), out.join('; '));
}
