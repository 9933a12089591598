/**
 * Runs Connect middleware around the target of an owned route, with the rules of Express: `next()`,
 * `next(error)`, `next('route')` (leaves the route), `next('router')` (leaves the app's router), functions with
 * four parameters for errors, thrown errors and rejected promises of both majors alike.
 *
 * Stricter than Express: a layer's `next` counts once, so that nothing behind it runs twice; and each layer
 * runs in the context of the request, even when the one before it called back from somewhere else.
 */
import { type Context, callInContext, currentContext, innermost } from '../context'
import type { Request, Response } from '../http'
import { isThenable } from '../kernel'
import type { Done } from './host'

/** A function in Express's form: three parameters, or four for errors. */
export type Layer = (...args: never[]) => unknown

/** Middleware around a target, compiled when the route is drawn. */
export interface Chain {
  readonly before: readonly ChainLayer[]
  /** Error middleware behind the target. */
  readonly after: readonly ChainLayer[]
}

interface ChainLayer {
  readonly run: Layer
  /** By the number of its parameters, as Express decides. */
  readonly takesErrors: boolean
}

export function compileChain(before: readonly Layer[], after: readonly Layer[]): Chain | null {
  if (before.length === 0 && after.length === 0) return null
  return { before: before.map(layerOf), after: after.map(layerOf) }
}

function layerOf(run: Layer): ChainLayer {
  return { run, takesErrors: run.length === 4 }
}

export interface ChainRun {
  readonly chain: Chain
  readonly req: Request
  readonly res: Response
  readonly context: Context
  /** Runs the route's target; called at most once. */
  readonly target: (done: Done) => void
  /** What comes behind the route: the host. */
  readonly done: Done
  /** Told of an error of a layer that had already passed the request on: nobody else is. */
  readonly late: (error: unknown) => void
}

export function runChain(run: ChainRun): void {
  const { chain, context, target, done } = run
  const behind: Done = (error) => runLayers(run, chain.after, 0, error, done)
  let isReached = false
  runLayers(run, chain.before, 0, undefined, (error) => {
    // An error of the middleware skips the target, but not what is there for its errors.
    if (isError(error)) return behind(error)
    // Error middleware that recovers from a layer which had already called next() comes by here again.
    if (isReached) return
    isReached = true
    inContext(context, () => target(behind), undefined)
  })
}

/** From number `index` on; `end` is called when none is left, with the error if there is one. */
function runLayers(
  run: ChainRun,
  layers: readonly ChainLayer[],
  index: number,
  error: unknown,
  end: Done,
): void {
  if (error === 'route') return run.done()
  if (error === 'router') return run.done(error)
  let at = index
  while (at < layers.length && layers[at]!.takesErrors !== isError(error)) at++
  if (at === layers.length) return end(error)
  const { run: work } = layers[at]!
  let isOver = false
  const next: Done = (failure) => {
    if (isOver) {
      if (!isError(failure) || failure === 'route' || failure === 'router') return
      const { res } = run
      if (res.headersSent || res.writableEnded) return run.late(failure)
      // connect-timeout does this: nobody has answered, and what takes errors still can.
      return inContext(run.context, () => runLayers(run, layers, at + 1, failure, end), undefined)
    }
    isOver = true
    inContext(run.context, () => runLayers(run, layers, at + 1, failure, end), undefined)
  }
  try {
    const { req, res } = run
    // `res.format`, `res.sendFile` and `res.render` hand it their errors.
    req.next = next
    const answer = isError(error)
      ? (work as (...args: unknown[]) => unknown)(error, req, res, next)
      : (work as (...args: unknown[]) => unknown)(req, res, next)
    if (isThenable(answer)) answer.then(undefined, (thrown: unknown) => next(failureOf(thrown)))
  } catch (thrown) {
    next(failureOf(thrown))
  }
}

function inContext(context: Context, work: (argument: undefined) => void, argument: undefined): void {
  const inner = innermost(context)
  if (currentContext() === inner) return work(argument)
  callInContext(inner, work, argument)
}

function isError(error: unknown): boolean {
  return Boolean(error)
}

/** What the host takes for a failure: `undefined` would pass the request on, and so would `'route'` as a value. */
function failureOf(thrown: unknown): unknown {
  if (thrown && thrown !== 'route' && thrown !== 'router') return thrown
  return new Error(`A middleware threw ${String(thrown)}.`)
}
