/** The reader's own picture, kept while other pages and links are visited; it goes into no address. */

export const held: { bitmap?: ImageBitmap; name?: string } = {};
