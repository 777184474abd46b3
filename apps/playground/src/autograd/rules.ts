/** What common nodes do with the gradient that they are given, as formulas: bars over letters are gradients. */

const { raw } = String;

const rules: Readonly<Record<string, string>> = {
  Add: raw`c=a+b:\quad \bar a=\bar c,\;\;\bar b=\bar c`,
  Sub: raw`c=a-b:\quad \bar a=\bar c,\;\;\bar b=-\bar c`,
  Rsub: raw`c=k-a:\quad \bar a=-\bar c`,
  Mul: raw`c=a\,b:\quad \bar a=\bar c\,b,\;\;\bar b=\bar c\,a`,
  Div: raw`c=a/b:\quad \bar a=\bar c/b,\;\;\bar b=-\bar c\,a/b^2`,
  Neg: raw`c=-a:\quad \bar a=-\bar c`,
  Pow: raw`c=a^k:\quad \bar a=\bar c\;k\,a^{k-1}`,
  Exp: raw`c=e^a:\quad \bar a=\bar c\,c`,
  Log: raw`c=\ln a:\quad \bar a=\bar c/a`,
  Sqrt: raw`c=\sqrt a:\quad \bar a=\bar c/(2c)`,
  Sin: raw`c=\sin a:\quad \bar a=\bar c\cos a`,
  Cos: raw`c=\cos a:\quad \bar a=-\bar c\sin a`,
  Tanh: raw`c=\tanh a:\quad \bar a=\bar c\,(1-c^2)`,
  Sigmoid: raw`c=\sigma(a):\quad \bar a=\bar c\;c\,(1-c)`,
  Relu: raw`c=\max(a,0):\quad \bar a=\bar c\;[a>0]`,
  Abs: raw`c=|a|:\quad \bar a=\bar c\;\operatorname{sign}a`,
  Sum: raw`c=\textstyle\sum_i a_i:\quad \bar a_i=\bar c`,
  Mean: raw`c=\tfrac1n\textstyle\sum_i a_i:\quad \bar a_i=\bar c/n`,
  Dot: raw`c=a^\top b:\quad \bar a=\bar c\,b,\;\;\bar b=\bar c\,a`,
  Mm: raw`C=AB:\quad \bar A=\bar C B^\top,\;\;\bar B=A^\top\bar C`,
  Mv: raw`c=Ab:\quad \bar A=\bar c\,b^\top,\;\;\bar b=A^\top\bar c`,
  MseLoss: raw`\ell=\tfrac1n\textstyle\sum_i(a_i-t_i)^2:\quad \bar a_i=\bar\ell\;\tfrac2n\,(a_i-t_i)`,
  LogSoftmax: raw`c=\log\operatorname{softmax}a:\quad \bar a=\bar c-e^{c}\textstyle\sum_i\bar c_i`,
  Norm: raw`c=\lVert a\rVert:\quad \bar a=\bar c\;a/c`,
  T: raw`C=A^\top:\quad \bar A=\bar C^\top`,
  View: raw`\text{the same numbers in another shape}`,
  Expand: raw`\text{repeated on the way there, summed on the way back}`,
  Clone: raw`c=a:\quad \bar a=\bar c`,
};

/** The formula of a node by its name; undefined for one without. */
export function ruleOf(title: string): string | undefined {
  return rules[title.replace(/Backward\d+$/, '')];
}
