/** The Grafana dashboard of the chart. `panel model`: grafana.com/docs, "Dashboard JSON model". */
import { type Kind, type Panel, type Row, ROWS } from './dashboard-rows.ts';

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
const HEIGHTS: Readonly<Record<Kind, number>> = { stat: 4, timeseries: 8, bargauge: 8 };
const COLUMNS = 24;

function thresholds({ redFrom, redBelow }: Panel): object {
  const green = { color: 'green', value: null };
  if (redBelow !== undefined)
    return {
      mode: 'absolute',
      steps: [
        { ...green, color: 'red' },
        { color: 'green', value: redBelow },
      ],
    };
  return { mode: 'absolute', steps: redFrom === undefined ? [green] : [green, { color: 'red', value: redFrom }] };
}

function optionsOf(kind: Kind): object {
  const reduceOptions = { calcs: ['lastNotNull'], values: false };
  if (kind === 'stat') return { reduceOptions, colorMode: 'value', graphMode: 'none', textMode: 'auto' };
  if (kind === 'bargauge') return { reduceOptions, orientation: 'horizontal', displayMode: 'basic' };
  return { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } };
}

function panelOf(panel: Panel, id: number, at: { readonly x: number; readonly y: number }): object {
  const { title, kind, width, unit = 'short', queries } = panel;
  return {
    id,
    type: kind,
    title,
    datasource: DATASOURCE,
    gridPos: { ...at, w: width, h: HEIGHTS[kind] },
    // Without a value it says so: that nothing is known is no zero.
    fieldConfig: { defaults: { unit, noValue: 'no data', thresholds: thresholds(panel) }, overrides: [] },
    options: optionsOf(kind),
    targets: queries.map(({ expr, legend }, index) => ({
      refId: 'ABC'.charAt(index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend === '' ? '__auto' : legend,
      instant: kind !== 'timeseries',
      range: kind === 'timeseries',
    })),
  };
}

function panelsOf(rows: readonly Row[]): readonly object[] {
  const all: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    all.push({
      id: all.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let [x, tallest] = [0, 0];
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
      all.push(panelOf(panel, all.length + 1, { x, y }));
      x += panel.width;
      tallest = Math.max(tallest, HEIGHTS[panel.kind]);
    }
    y += tallest;
  }
  return all;
}

/** charts/kubelet-medic/monitoring/dashboard.json. */
export function dashboard(): unknown {
  return {
    uid: 'kubelet-medic',
    title: 'kubelet-medic',
    description: 'Stuck kubelets: the fleet, incidents, how long what took, and the budget.',
    tags: ['kubelet-medic', 'kubernetes'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    time: { from: 'now-24h', to: 'now' },
    refresh: '1m',
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {}, hide: 0 },
      ],
    },
    panels: panelsOf(ROWS),
  };
}
