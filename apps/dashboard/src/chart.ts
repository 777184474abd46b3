/** A time line as uPlot draws it. */

import uPlot from 'uplot';
import { colour } from './theme.svelte.ts';
import { colourOf, type Point, type TimeLine } from './timeline.ts';

export interface ChartOptions {
  readonly width: number;
  readonly height: number;
  readonly format: (value: number) => string;
  /** Where the goal is, if there is one. */
  readonly goal: number | undefined;
  /** Called with the points at the place under the pointer, and where that is in CSS pixels. */
  readonly hover: (points: readonly { readonly title: string; readonly point: Point }[], left: number) => void;
}

/** Half a place on either side, so that a single point stands in the middle. */
const MARGIN = 0.5;

/** Room above and below what is drawn; never below zero. */
function verticalRange(data: TimeLine, goal: number | undefined): uPlot.Range.MinMax {
  const points = data.lines.flatMap((line) => line.points.filter((point) => point !== null));
  const values = points.flatMap(({ low, high }) => [low, high]).concat(goal ?? []);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(high - low, high * 0.1) * 0.15;
  return [Math.max(0, low - room), high + room];
}

/** The lowest and highest turn as a bar through each point, and the goal as a dashed line. */
function drawRanges(plot: uPlot, data: TimeLine, goal: number | undefined): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.globalAlpha = 0.45;
  for (const { points, runtime } of data.lines) {
    ctx.strokeStyle = colour(colourOf(runtime));
    for (const [place, point] of points.entries()) {
      if (point === null) continue;
      const x = plot.valToPos(place, 'x', true);
      ctx.beginPath();
      ctx.moveTo(x, plot.valToPos(point.low, 'y', true));
      ctx.lineTo(x, plot.valToPos(point.high, 'y', true));
      ctx.stroke();
    }
  }
  if (goal !== undefined) {
    const y = plot.valToPos(goal, 'y', true);
    ctx.globalAlpha = 1;
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeStyle = colour('--muted');
    ctx.setLineDash([5 * devicePixelRatio, 5 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillStyle = colour('--muted');
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = 'right';
    ctx.fillText('goal', bbox.left + bbox.width - 6 * devicePixelRatio, y - 6 * devicePixelRatio);
  }
  ctx.restore();
}

export function drawTimeLine(target: HTMLElement, data: TimeLine, options: ChartOptions): uPlot {
  const { places, lines } = data;
  const [muted, line, surface] = ['--muted', '--line', '--surface'].map(colour);
  const font = '12px system-ui, sans-serif';
  const axis: uPlot.Axis = { stroke: muted, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const wanted = Math.max(1, Math.floor(options.width / 90));
  const step = Math.ceil(places.length / wanted);

  const plot = new uPlot(
    {
      width: options.width,
      height: options.height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
      scales: {
        x: { time: false, range: [-MARGIN, places.length - 1 + MARGIN] },
        y: { range: verticalRange(data, options.goal) },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 44,
          splits: () => places.flatMap((_, place) => (place % step === 0 ? place : [])),
          values: (_, splits) => splits.map((place) => `${places[place]?.commit}\n${places[place]?.day}`),
        },
        { ...axis, size: 78, values: (_, splits) => splits.map(options.format) },
      ],
      series: [
        {},
        ...lines.map(({ title, runtime, isElsewhere }): uPlot.Series => {
          const stroke = colour(colourOf(runtime));
          const dots = isElsewhere ? { fill: surface, stroke, width: 2 } : { fill: stroke, stroke: surface };
          const dash = isElsewhere ? [6, 5] : undefined;
          return { label: title, stroke, width: 2, dash, spanGaps: true, points: { show: true, size: 9, ...dots } };
        }),
      ],
      hooks: {
        draw: [(drawn) => drawRanges(drawn, data, options.goal)],
        setCursor: [
          (moved) => {
            const place = moved.cursor.idx;
            const isOut = place === null || place === undefined || (moved.cursor.left ?? -1) < 0;
            const found = isOut
              ? []
              : lines.flatMap(({ title, points }) => {
                  const point = points[place];
                  return point === null ? [] : [{ title, point }];
                });
            options.hover(found, isOut ? 0 : moved.valToPos(place, 'x') + moved.over.offsetLeft);
          },
        ],
      },
    },
    [places.map((_, place) => place), ...lines.map(({ points }) => points.map((point) => point?.value ?? null))],
    target,
  );
  return plot;
}
