/** Options of tracing through OpenTelemetry. */
import type { IncomingMessage } from 'node:http'
import { anyValue, defineOptions, oneOf } from '../../src/kernel'
import type { TracerProvider } from './api'

export interface OpenTelemetryOptions {
  /** Where spans go; `null` = the provider that the application's SDK has registered, whenever it does. @defaultValue `null` */
  tracerProvider?: TracerProvider | null
  /**
   * How the span of a job belongs to the one that enqueued it: a trace of its own with a link, or, for jobs that soon
   * follow, a child in the same trace. @defaultValue `'link'`
   */
  jobs?: 'link' | 'child'
  /** Names of rage-js's spans that are not made, `*` standing for any part: `['cable.*']`. @defaultValue `[]` */
  except?: readonly string[]
  /** Requests that get no span of ours, such as those for health checks: `(req) => req.url === '/healthz'`. @defaultValue `null` */
  ignore?: ((req: IncomingMessage) => boolean) | null
}

export const opentelemetryOptions = defineOptions<OpenTelemetryOptions>({
  tracerProvider: anyValue<TracerProvider | null>(
    null,
    'an object with a getTracer method, or null',
    (value) =>
      value === null || typeof (value as { getTracer?: unknown } | undefined)?.getTracer === 'function',
  ),
  jobs: oneOf(['link', 'child'], 'link'),
  except: anyValue<readonly string[]>(
    [],
    'a list of names of spans',
    (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  ),
  ignore: anyValue<((req: IncomingMessage) => boolean) | null>(
    null,
    'a function, or null',
    (value) => value === null || typeof value === 'function',
  ),
})
