/** Renderers that applications add: `rage.renderer('csv', ...)` makes `this.render({ csv: rows })` work. */
import type { Outgoing, Status, StreamSource } from '../http'
import { DuplicateNameError, InvalidOptionError, RegistrationClosedError } from '../kernel'
import type { Controller } from './controller'

/** What a renderer makes of a value. */
export interface RenderResult {
  /** Complete, or a stream. */
  readonly body: string | Buffer | StreamSource | Outgoing
  /** @defaultValue `'application/octet-stream'`, or the type that was set on the response */
  readonly contentType?: string
  /** Used when `render` was given none. @defaultValue `200` */
  readonly status?: Status
}

/**
 * @param value what stands beside the renderer's name in `render`.
 * @param options everything else that was given to `render`.
 */
export type Renderer = (
  value: unknown,
  options: Readonly<Record<string, unknown>>,
  controller: Controller,
) => RenderResult

/** Keys of `render` that are taken. */
export const builtinRenderers = ['json', 'text', 'html', 'body', 'file', 'stream', 'sse'] as const
/** Keys of `render` that say how, not what. */
export const renderModifiers: ReadonlySet<string> = new Set(['status', 'contentType', 'root', 'download'])

export class Renderers {
  readonly #byName = new Map<string, Renderer>()
  #isClosed = false

  /** @throws DuplicateNameError, RegistrationClosedError, InvalidOptionError */
  add(name: string, renderer: Renderer): void {
    if (this.#isClosed) throw new RegistrationClosedError({ kind: 'renderer', name })
    if (typeof renderer !== 'function' || !/^[a-z_$][\w$]*$/i.test(name))
      throw new InvalidOptionError({
        option: 'rage.renderer',
        expected: "a name and a function: ('csv', (value, options, controller) => ({ body, contentType }))",
        given: typeof renderer === 'function' ? name : renderer,
      })
    if (this.#byName.has(name) || isTaken(name)) throw new DuplicateNameError({ kind: 'renderer', name })
    this.#byName.set(name, renderer)
  }

  get(name: string): Renderer | undefined {
    return this.#byName.get(name)
  }

  names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  /** After boot nothing is added. */
  close(): void {
    this.#isClosed = true
  }
}

function isTaken(name: string): boolean {
  return renderModifiers.has(name) || (builtinRenderers as readonly string[]).includes(name)
}
