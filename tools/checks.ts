/** Checks that count like tests. */
export class Checks {
  passed = 0;
  failed = 0;

  /** Runs a check, which fails by throwing; prints a line, and what was thrown. True if it passed. */
  async run(name: string, check: () => unknown): Promise<boolean> {
    const startMs = performance.now();
    const seconds = () => ((performance.now() - startMs) / 1000).toFixed(1);
    try {
      await check();
      this.passed++;
      console.log(`✓ ${name}  ${seconds()} s`);
      return true;
    } catch (error) {
      this.failed++;
      console.log(`✗ ${name}  ${seconds()} s`);
      console.log(
        String(error instanceof Error ? error.message : error)
          .replace(/^/gm, '  ')
          .trimEnd(),
      );
      return false;
    }
  }

  /** The closing line, and the exit code that goes with it. */
  close(): void {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exitCode = this.failed > 0 ? 1 : 0;
  }
}
