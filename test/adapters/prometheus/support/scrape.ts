/** A scrape over HTTP, read by a parser of Prometheus's text that is not ours. */
import { type Agent, request } from 'node:http'
import parsePrometheusTextFormat from 'parse-prometheus-text-format'

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'SUMMARY' | 'UNTYPED'
  readonly metrics: readonly Sample[]
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Of counters and gauges. */
  readonly value?: string | undefined
  /** Of histograms: cumulative counts by upper bound. */
  readonly buckets?: Readonly<Record<string, string>>
  readonly count?: string
  readonly sum?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export function ask(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    agent = false,
  }: { method?: string; headers?: Record<string, string>; agent?: Agent | false } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request({ port, path, method, headers, agent }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk) => {
        text += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, text }))
      res.on('error', reject)
    })
    req.on('error', reject)
    req.end()
  })
}

interface Parsed extends Omit<Family, 'metrics'> {
  readonly metrics: readonly { readonly labels?: Sample['labels']; readonly value?: string }[]
}

export class Scrape {
  readonly text: string
  readonly families: readonly Family[]

  constructor(text: string) {
    this.text = text
    // The parser drops labels of histograms; without their type it gives their lines as they are.
    const lines = parse(text.replace(/^# TYPE \S+ histogram$/gm, ''))
    this.families = parse(text)
      .filter(({ name, type }) => name !== '' && (type !== 'UNTYPED' || text.includes(`# TYPE ${name} `)))
      .map((family) =>
        family.type === 'HISTOGRAM' ? { ...family, metrics: histograms(family.name, lines) } : family,
      )
  }

  static async of(port: number, path = '/metrics'): Promise<Scrape> {
    return new Scrape((await ask(port, path)).text)
  }

  family(name: string): Family {
    const family = this.families.find((one) => one.name === name)
    if (family === undefined) throw new Error(`there is no metric ${name}`)
    return family
  }

  /** The samples of the metric that have these labels, among others. */
  samples(name: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    return this.family(name).metrics.filter((sample) =>
      Object.entries(labels).every(([key, value]) => sample.labels?.[key] === value),
    )
  }

  /** All of them added up: values, or counts of histograms. */
  total(name: string, labels?: Readonly<Record<string, string>>): number {
    return this.samples(name, labels).reduce((sum, one) => sum + Number(one.value ?? one.count), 0)
  }
}

function parse(text: string): readonly Parsed[] {
  return parsePrometheusTextFormat(text) as readonly Parsed[]
}

/** One sample per label set, from the lines of its three series. */
function histograms(name: string, lines: readonly Parsed[]): readonly Sample[] {
  const samples = new Map<string, { labels: Record<string, string>; buckets: Record<string, string> }>()
  for (const family of lines) {
    const series = family.name.startsWith(`${name}_`) ? family.name.slice(name.length + 1) : ''
    if (!['bucket', 'sum', 'count'].includes(series)) continue
    for (const { labels = {}, value } of family.metrics) {
      const { le, ...own } = labels
      const key = JSON.stringify(Object.entries(own).sort())
      const sample = samples.get(key) ?? { labels: own, buckets: {} }
      samples.set(key, sample)
      if (le === undefined) Object.assign(sample, { [series]: value })
      else sample.buckets[le] = value!
    }
  }
  return [...samples.values()]
}
