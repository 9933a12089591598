/** A runtime with `openTelemetry()`, and the real SDK, whose real exporter sends to a collector. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { type OpenTelemetryOptions, openTelemetry } from '../../../../adapters/opentelemetry'
import { createRage } from '../../../../src'
import type { Rage, RageOptions } from '../../../../src/runtime'
import { type Collector, type ReceivedSpan, startCollector } from './collector'

export interface Sdk {
  readonly collector: Collector
  /** What has arrived, once everything that has ended was sent. */
  spans(): Promise<readonly ReceivedSpan[]>
  stop(): Promise<void>
}

/** Registers the SDK globally; `stop` takes it away. */
export async function startSdk(processors: readonly SpanProcessor[] = []): Promise<Sdk> {
  const collector = await startCollector()
  const exporter = new OTLPTraceExporter({ url: `${collector.url}/v1/traces`, timeoutMillis: 500 })
  const provider = new BasicTracerProvider({
    spanProcessors: [...processors, new BatchSpanProcessor(exporter)],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  trace.setGlobalTracerProvider(provider)
  return {
    collector,
    async spans() {
      await provider.forceFlush()
      return collector.spans
    },
    async stop() {
      trace.disable()
      context.disable()
      propagation.disable()
      // Rejects where the collector is gone.
      await provider.shutdown().catch(() => undefined)
      await collector.close().catch(() => undefined)
    },
  }
}

export interface Lines {
  readonly lines: Record<string, unknown>[]
  write(line: string): void
}

/** A runtime that traces, with its log lines kept. Boots by itself; `stop` ends it. */
export function tracedRage(
  options: OpenTelemetryOptions = {},
  more: Partial<RageOptions> = {},
): { readonly rage: Rage; readonly lines: Record<string, unknown>[]; stop(): Promise<void> } {
  const storage = mkdtempSync(join(tmpdir(), 'rage-otel-'))
  const lines: Record<string, unknown>[] = []
  const rage = createRage({
    storage,
    signals: false,
    logger: {
      level: 'debug',
      format: 'json',
      destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
    },
    tracing: openTelemetry(options),
    ...more,
  })
  return {
    rage,
    lines,
    async stop() {
      await rage.stop()
      rmSync(storage, { recursive: true, force: true })
    },
  }
}

export function only(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name)
  if (found.length === 1) return found[0]!
  throw new Error(
    `${found.length} spans are named "${name}" among: ${spans.map((span) => span.name).join(', ')}`,
  )
}
