/** `with` and `tagged` of a logger: with a function as last argument they run it, else they answer another logger. */
import { Context, currentContext, innermost, runInContext, scopeLogs } from '../context'
import { Scope } from '../kernel'
import type { ScopedLogger } from './contract'
import { tagsFrom } from './line-fields'
import { ownOf, setOwn } from './own-fields'

type Fields = Readonly<Record<string, unknown>>
type Work = () => unknown

/** @param scope whose unit of work is opened outside of any; `null` = one that nobody else has. */
export function addScopes(logger: object, scope: Scope | null): asserts logger is ScopedLogger {
  let ownScope = scope
  const run = (from: object, tags: readonly string[], fields: Fields | null, work: Work): unknown => {
    const own = ownOf(from)
    const around =
      own.context === null
        ? (currentContext() ?? opened((ownScope ??= new Scope('logger'))))
        : innermost(own.context)
    const part = scopeLogs(around, {
      tags: [...around.tags, ...own.tags, ...tags],
      fields: { ...around.fields, ...own.fields, ...fields },
    })
    return runInContext(part, work)
  }
  Object.assign(logger, {
    with(this: ScopedLogger, fields: Fields, work?: Work): unknown {
      return work === undefined ? adding(this, [], fields) : run(this, [], fields, work)
    },
    tagged(this: ScopedLogger, ...given: readonly unknown[]): unknown {
      const last = given.at(-1)
      if (typeof last !== 'function') return adding(this, tagsFrom(given), null)
      return run(this, tagsFrom(given.slice(0, -1)), null, last as Work)
    },
  })
}

function adding(logger: ScopedLogger, tags: readonly string[], fields: Fields | null): ScopedLogger {
  const own = ownOf(logger)
  const child = logger.child({})
  setOwn(child, {
    tags: [...own.tags, ...tags],
    fields: fields === null ? own.fields : { ...own.fields, ...fields },
    context: own.context,
  })
  return child
}

/** As `rage.run` opens one. */
function opened(scope: Scope): Context {
  return new Context({ kind: 'task', scope })
}
