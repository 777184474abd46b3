/**
 * The Q of a QR decomposition, by Householder reflections in double precision. Only what `init.orthogonal_` needs: thin, and with
 * signs that make the diagonal of R positive, which makes Q unique and so independent of LAPACK's own choice of signs.
 *
 * Source: Golub, Van Loan, "Matrix Computations", algorithms 5.1.1, 5.2.1 and section 5.1.6.
 */

/**
 * Orthonormal columns that span what the columns of `a` span: `[m, n]`, m ≥ n, row-major → the same shape.
 *
 *     for k = 0 … n − 1:  v = a[k:, k] + sign(a[k, k])·|a[k:, k]|·e₁,  a[k:, k:] −= 2 v (vᵀ a[k:, k:]) / (vᵀ v)
 *     Q = H₀ H₁ … H₍ₙ₋₁₎ applied to the first n columns of the identity; column k times sign(R[k, k])
 */
export function orthonormalColumns(a: Float64Array, m: number, n: number): Float64Array {
  const signs = new Float64Array(n);
  const scales = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    // Not Math.hypot, whose last digits are the engine's.
    let squares = 0;
    for (let i = k; i < m; i++) squares += a[i * n + k] * a[i * n + k];
    const norm = Math.sqrt(squares);
    const diagonal = a[k * n + k];
    // R's diagonal entry is −sign(diagonal)·norm: the sign that does not cancel in v.
    signs[k] = diagonal > 0 ? -1 : 1;
    if (norm === 0) continue;
    const head = diagonal > 0 ? diagonal + norm : diagonal - norm;
    // vᵀv = 2·norm·|head|, so 2 / vᵀv is this.
    scales[k] = 1 / (norm * Math.abs(head));
    a[k * n + k] = head;
    for (let j = k + 1; j < n; j++) reflect(a, a, k, j, m, n, scales[k]);
  }
  const q = new Float64Array(m * n);
  for (let k = 0; k < n; k++) q[k * n + k] = 1;
  for (let k = n - 1; k >= 0; k--) {
    if (scales[k] === 0) continue;
    for (let j = k; j < n; j++) reflect(a, q, k, j, m, n, scales[k]);
  }
  for (let i = 0; i < m; i++) for (let k = 0; k < n; k++) q[i * n + k] *= signs[k];
  return q;
}

/** Column j of `x` minus `scale·v·(v·column)`, v being column k of `a` from row k on. */
function reflect(a: Float64Array, x: Float64Array, k: number, j: number, m: number, n: number, scale: number): void {
  let product = 0;
  for (let i = k; i < m; i++) product += a[i * n + k] * x[i * n + j];
  product *= scale;
  for (let i = k; i < m; i++) x[i * n + j] -= product * a[i * n + k];
}
