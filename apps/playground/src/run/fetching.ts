/** `fetch` as a program on the page means it: addresses are relative to the page, and some files are at hand by name. */

/** Unpacks gzip; servers that know the file's ending have the browser do it, and then there is nothing left to do. */
async function unpacked(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new Response(bytes);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')));
}

export function redirectFetch(base: string, files: Readonly<Record<string, string>>): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    if (typeof input !== 'string') return fetch(input, init);
    const file = files[input.replace(/^\.\//, '')];
    if (file === undefined) return fetch(new URL(input, base), init);
    const response = await fetch(new URL(file, base), init);
    return response.ok ? unpacked(response) : response;
  };
}
