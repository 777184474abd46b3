/** Where the nodes of a tape stand: in layers, as dagre puts them, what is computed first on top. */

import { layout as dagre, Graph } from '@dagrejs/dagre';
import { rowsOf } from './print.ts';
import type { Pass, TapeEdge, TapeNode, Trace } from './trace.ts';

export const ROW = 16;
export const HEAD = 22;
export const PAD = 8;
const CHARACTER = 7.25;
const MIN_WIDTH = 96;
/** Rows of numbers beyond which a value is shown by its shape alone. */
const MAX_OUTPUTS = 3;

export interface Box {
  readonly node: TapeNode;
  /** The left upper corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** For each output, the rows of its value. */
  readonly rows: readonly (readonly string[])[];
}

export interface Line {
  readonly edge: TapeEdge;
  /** As in an SVG path, from the node that made a tensor to the one that uses it. */
  readonly path: string;
  /** Whether no gradient can take it. */
  readonly isAside: boolean;
}

export interface Layout {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

export const edgeKey = ({ from, input }: { from: number; input: number }): string => `${from}:${input}`;

/** What a pass reached, with the constants beside it; without a pass, or for one that reached nothing, all there is. */
export function shownNodes(trace: Trace, pass: Pass | undefined): TapeNode[] {
  if (pass === undefined || pass.nodes.length === 0) return [...trace.nodes];
  const reached = new Set(pass.nodes);
  for (const { from, to } of trace.edges) {
    if (reached.has(from) && trace.nodes[to].kind === 'constant') reached.add(to);
  }
  return trace.nodes.filter(({ id }) => reached.has(id));
}

/** A smooth line through points. */
function pathThrough(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  let path = `M${first.x},${first.y}`;
  rest.forEach((point, i) => {
    const next = rest[i + 1];
    if (next === undefined) path += `L${point.x},${point.y}`;
    else path += `Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return path;
}

/** The heading of a box: the variable's name and the node's, as long as both fit. */
export function headings({ kind, title, outputs }: TapeNode): { name: string; title: string } {
  const names = outputs.map((output) => output.name).filter((name) => name !== undefined);
  return { name: names.join(', '), title: kind === 'leaf' ? 'leaf' : title };
}

export function layoutOf(trace: Trace, pass: Pass | undefined): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 40, edgesep: 18, marginx: 8, marginy: 8 });
  const nodes = shownNodes(trace, pass);
  const rowsById = new Map<number, string[][]>();
  for (const node of nodes) {
    const rows = node.outputs.slice(0, MAX_OUTPUTS).map(({ value }) => (value ? rowsOf(value) : ['·']));
    rowsById.set(node.id, rows);
    const { name, title } = headings(node);
    // room for a gradient below each value, as wide as a gradient may get
    const widest = Math.max(0, ...rows.flat().map((row) => row.length + 5));
    const width = Math.max(
      MIN_WIDTH,
      Math.ceil(CHARACTER * Math.max(name.length + title.length + 2, widest)) + 2 * PAD,
    );
    const count = rows.reduce((sum, lines) => sum + lines.length, 0);
    const gradients = node.kind === 'op' || node.kind === 'leaf' ? count : 0;
    graph.setNode(String(node.id), { width, height: HEAD + ROW * (count + gradients) + PAD + (gradients ? 6 : 0) });
  }
  const edges = trace.edges.filter(({ from, to }) => rowsById.has(from) && rowsById.has(to));
  for (const edge of edges) graph.setEdge(String(edge.to), String(edge.from), {}, edgeKey(edge));
  dagre(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    boxes: nodes.map((node) => {
      const {
        x,
        y,
        width: w,
        height: h,
      } = graph.node(String(node.id)) as Record<'x' | 'y' | 'width' | 'height', number>;
      return { node, x: x - w / 2, y: y - h / 2, width: w, height: h, rows: rowsById.get(node.id) ?? [] };
    }),
    lines: edges.map((edge) => {
      const { points } = graph.edge(String(edge.to), String(edge.from), edgeKey(edge)) as {
        points: { x: number; y: number }[];
      };
      const isAside = trace.nodes[edge.to].kind === 'constant' || trace.nodes[edge.from].kind === 'unrecorded';
      return { edge, path: pathThrough(points), isAside };
    }),
  };
}
