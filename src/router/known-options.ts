/** A misspelt option would draw a route that is not the one meant: it is refused. */
import { didYouMean } from '../kernel'
import { UnknownRouteOptionError } from './errors'

/** @throws UnknownRouteOptionError */
export function refuseUnknownOptions(
  call: string,
  options: object,
  { known, source }: { readonly known: readonly string[]; readonly source: string },
): void {
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue
    throw new UnknownRouteOptionError({ call, option, source, hint: didYouMean(option, known) })
  }
}
