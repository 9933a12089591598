/** Every query of the Grafana dashboard, against the metrics that a process which does everything really exposes. */
import assert from 'node:assert'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, describe, it } from 'vitest'
import { prometheus } from '../../../adapters/prometheus'
import { queueName, testEngines } from '../../deferred/support/engines'
import { atEnd, makeRage } from '../../runtime/support/runtimes'
import { read } from '../../support/repository'
import { busyApp } from './support/busy-app'
import { readQuery, type Selector } from './support/promql'
import { Scrape } from './support/scrape'

interface Panel {
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const dashboard = JSON.parse(read('adapters/prometheus/grafana/dashboard.json')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly definition?: string; readonly name: string }[] }
}
const targets = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ title, ...target })),
)
/** With an engine the jobs are on its server, and other metrics of jobs are not there: that is another process. */
const ofEngines = targets.filter(({ expr }) => expr.includes('rage_deferred_engine_'))
const ofProcesses = targets.filter((target) => !ofEngines.includes(target))
/** Prometheus adds them to whatever it scrapes. */
const ofPrometheus = ['job', 'instance']
const knownFunctions = ['sum', 'max', 'min', 'rate', 'increase', 'histogram_quantile', 'topk', 'label_values']

let scrape: Scrape

/** What is wrong with a query, given what was scraped. */
function faultsOf(expr: string): string[] {
  const { selectors, groupedBy, functions } = readQuery(expr)
  const known = new Set([...ofPrometheus, ...selectors.flatMap(({ metric }) => labelsOf(metric))])
  return [
    ...selectors.flatMap(faultsOfSelector),
    ...groupedBy.filter((label) => !known.has(label)).map((label) => `groups by ${label}, which nothing has`),
    ...functions.filter((name) => !knownFunctions.includes(name)).map((name) => `calls ${name}`),
    ...(selectors.length === 0 ? ['asks for no metric'] : []),
  ]
}

function faultsOfSelector({ metric, matchers, isRange }: Selector): string[] {
  const family = familyOf(metric)
  if (family === null) return [`asks for ${metric}, which is not exposed`]
  const faults: string[] = []
  const isCounter = family.type === 'COUNTER' || family.type === 'HISTOGRAM'
  if (isRange && !isCounter) faults.push(`takes a rate of ${metric}, a gauge`)
  for (const { label, operator, value } of matchers) {
    if (ofPrometheus.includes(label)) continue
    if (!labelsOf(metric).includes(label)) faults.push(`${metric} has no label ${label}`)
    else if (operator === '=' && scrape.samples(family.name, { [label]: value }).length === 0)
      faults.push(`${metric} never has ${label}="${value}"`)
  }
  return faults
}

/** The family of a metric or of one of its series. */
function familyOf(metric: string) {
  const exact = scrape.families.find(({ name }) => name === metric)
  // A histogram has no series of its own name.
  if (exact !== undefined) return exact.type === 'HISTOGRAM' ? null : exact
  const [, base] = /^(.+)_(?:bucket|sum|count)$/.exec(metric) ?? []
  return scrape.families.find(({ name, type }) => name === base && type === 'HISTOGRAM') ?? null
}

function labelsOf(metric: string): string[] {
  const labels = familyOf(metric)?.metrics.flatMap((sample) => Object.keys(sample.labels ?? {})) ?? []
  return metric.endsWith('_bucket') ? [...labels, 'le'] : labels
}

describe('dashboard: its queries', () => {
  beforeEach(async () => {
    scrape = await Scrape.of((await busyApp()).port)
  })

  it('ask for metrics and labels that a process exposes', () => {
    const wrong = ofProcesses.flatMap(({ title, expr }) =>
      faultsOf(expr).map((fault) => `${title}: ${fault}`),
    )
    const variables = dashboard.templating.list.flatMap(({ definition }) =>
      definition ? faultsOf(definition.replace(/, (job|instance)\)$/, ')')) : [],
    )

    assert.deepEqual(wrong, [])
    assert.deepEqual(variables, [])
    assert.ok(targets.length > 50, `${targets.length} queries`)
  })

  it('name in their legends what they group by', () => {
    const wrong = ofProcesses.flatMap(({ title, expr, legendFormat }) => {
      const { groupedBy, selectors } = readQuery(expr)
      const known =
        groupedBy.length > 0
          ? groupedBy
          : [...ofPrometheus, ...selectors.flatMap(({ metric }) => labelsOf(metric))]
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
      return shown.filter((label) => !known.includes(label)).map((label) => `${title}: ${label}`)
    })

    assert.deepEqual(wrong, [])
  })

  it('show every metric of the runtime somewhere', () => {
    const asked = new Set(
      targets.flatMap(({ expr }) => readQuery(expr).selectors.map(({ metric }) => familyOf(metric)?.name)),
    )

    assert.deepEqual(
      scrape.families.map(({ name }) => name).filter((name) => !asked.has(name)),
      [],
    )
  })

  it('would be found wrong', () => {
    const wrong: readonly [string, string][] = [
      ['sum(rage_gone_total)', 'asks for rage_gone_total, which is not exposed'],
      ['rage_wal_bytes{disk="a"}', 'rage_wal_bytes has no label disk'],
      ['rage_deferred_jobs{state="lost"}', 'rage_deferred_jobs never has state="lost"'],
      ['rate(rage_wal_bytes[5m])', 'takes a rate of rage_wal_bytes, a gauge'],
      ['sum by (colour) (rage_wal_bytes)', 'groups by colour, which nothing has'],
      ['rage_deferred_wait_seconds', 'asks for rage_deferred_wait_seconds, which is not exposed'],
      ['summ(rage_wal_bytes)', 'calls summ'],
      ['sum(1)', 'asks for no metric'],
    ]

    for (const [expr, fault] of wrong) assert.deepEqual(faultsOf(expr), [fault])
    for (const broken of ['sum(rage_wal_bytes', 'rage_wal_bytes{job="a"', 'rage_wal_bytes § 2', 'a)'])
      assert.throws(() => readQuery(broken), Error, broken)
  })
})

const engine = testEngines.find(({ name, isThere }) => name !== 'log' && isThere)

describe.skipIf(engine === undefined)('dashboard: its queries of an engine', () => {
  it('ask for metrics and labels that a process with one exposes', async () => {
    const queue = queueName()
    atEnd(() => engine!.remove(queue))
    const { rage } = makeRage({ metrics: true, deferred: { engine: engine!.kind(queue) } })
    await rage.boot()
    const server = createServer(prometheus(rage, { registry: null })).listen(0, '127.0.0.1')
    atEnd(() => void server.close())
    await once(server, 'listening')

    scrape = await Scrape.of((server.address() as AddressInfo).port)

    assert.deepEqual(
      ofEngines.flatMap(({ expr }) => faultsOf(expr)),
      [],
    )
    assert.deepEqual(
      ofEngines.map(({ title }) => title),
      ['Jobs of an engine'],
    )
  })
})

describe('dashboard: its panels', () => {
  it('are in rows for requests, jobs, event loop, log, events and cable', () => {
    assert.deepEqual(
      dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title),
      ['Requests', 'Jobs', 'Event loop and memory', 'Log', 'Events', 'Cable'],
    )
  })

  it('do not overlap', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)}/${y + Math.floor(n / w)}`),
    )

    assert.equal(new Set(cells).size, cells.length)
    assert.ok(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24))
  })
})
