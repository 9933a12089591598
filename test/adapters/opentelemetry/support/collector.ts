/** A collector for OTLP over HTTP: takes what real exporters send and decodes the protobuf with OpenTelemetry's own schema. */
import { createServer, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

const schema = createRequire(import.meta.url)('otlp-decoder/build/src/generated/root.js').opentelemetry.proto
  .collector

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  /** `''` = the root of its trace. */
  readonly parentSpanId: string
  readonly name: string
  readonly kind: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly events: readonly {
    readonly name: string
    readonly attributes: Readonly<Record<string, unknown>>
  }[]
  /** `UNSET`, `OK` or `ERROR`. */
  readonly status: string
  readonly message: string
  /** Name of the instrumentation that made it. */
  readonly scope: string
}

export interface ReceivedMetric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly sum?: {
    readonly isMonotonic: boolean
    readonly temporality: number
    readonly points: ReceivedPoint[]
  }
  readonly gauge?: { readonly points: ReceivedPoint[] }
  readonly histogram?: { readonly temporality: number; readonly points: ReceivedPoint[] }
}

export interface ReceivedPoint {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly value?: number
  readonly count?: number
  readonly sum?: number
  readonly bounds?: readonly number[]
  readonly counts?: readonly number[]
}

export interface Collector {
  readonly url: string
  readonly spans: ReceivedSpan[]
  readonly metrics: ReceivedMetric[]
  /** Attributes of the resource that sent last. */
  resource: Readonly<Record<string, unknown>>
  close(): Promise<void>
}

export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = []
  const metrics: ReceivedMetric[] = []
  const server = createServer(async (req, res) => {
    const body = await bodyOf(req)
    if (req.url === '/v1/traces') receiveSpans(body)
    else receiveMetrics(body)
    res.setHeader('Content-Type', 'application/x-protobuf')
    res.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    resource: {},
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  function receiveSpans(body: Buffer): void {
    const { resourceSpans } = schema.trace.v1.ExportTraceServiceRequest.decode(body)
    for (const { resource, scopeSpans } of resourceSpans) {
      collector.resource = attributesOf(resource?.attributes)
      for (const { scope, spans: sent } of scopeSpans) {
        for (const span of sent) spans.push(receivedSpan(span, scope?.name ?? ''))
      }
    }
  }

  function receiveMetrics(body: Buffer): void {
    const { resourceMetrics } = schema.metrics.v1.ExportMetricsServiceRequest.decode(body)
    for (const { resource, scopeMetrics } of resourceMetrics) {
      collector.resource = attributesOf(resource?.attributes)
      for (const { metrics: sent } of scopeMetrics) metrics.push(...sent.map(receivedMetric))
    }
  }
  return collector
}

// biome-ignore lint/suspicious/noExplicitAny: messages of protobufjs have no types here.
type Message = any

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']

function receivedSpan(span: Message, scope: string): ReceivedSpan {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: kinds[span.kind]!,
    attributes: attributesOf(span.attributes),
    links: span.links.map((link: Message) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
    events: span.events.map((event: Message) => ({
      name: event.name,
      attributes: attributesOf(event.attributes),
    })),
    status: ['UNSET', 'OK', 'ERROR'][span.status?.code ?? 0]!,
    message: span.status?.message ?? '',
    scope,
  }
}

function receivedMetric({ name, description, unit, sum, gauge, histogram }: Message): ReceivedMetric {
  return {
    name,
    description,
    unit: unit ?? '',
    ...(sum
      ? {
          sum: {
            isMonotonic: sum.isMonotonic,
            temporality: sum.aggregationTemporality,
            points: sum.dataPoints.map(pointOf),
          },
        }
      : null),
    ...(gauge ? { gauge: { points: gauge.dataPoints.map(pointOf) } } : null),
    ...(histogram
      ? {
          histogram: {
            temporality: histogram.aggregationTemporality,
            points: histogram.dataPoints.map(pointOf),
          },
        }
      : null),
  }
}

function pointOf(point: Message): ReceivedPoint {
  const attributes = attributesOf(point.attributes)
  if (point.bucketCounts === undefined) return { attributes, value: Number(point.asDouble ?? point.asInt) }
  return {
    attributes,
    count: Number(point.count),
    sum: point.sum,
    bounds: [...point.explicitBounds],
    counts: point.bucketCounts.map(Number),
  }
}

function attributesOf(list: Message[] = []): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]))
}

function plain(value: Message): unknown {
  if (value.stringValue !== null && value.stringValue !== undefined) return value.stringValue
  if (value.intValue !== null && value.intValue !== undefined) return Number(value.intValue)
  if (value.doubleValue !== null && value.doubleValue !== undefined) return value.doubleValue
  if (value.boolValue !== null && value.boolValue !== undefined) return value.boolValue
  return value.arrayValue?.values.map(plain)
}

function hex(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex')
}

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
