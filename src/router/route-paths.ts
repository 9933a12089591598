/**
 * Types for path helpers. What a routes block draws cannot be inferred through its nested callbacks, so an
 * interface declares it, and `routeTypes` writes that interface from the routes that were drawn.
 */
import type { NamedPaths, PathParams } from './named-paths'

/**
 * Names of routes with their parameters, filled in by the application:
 *
 *     declare module 'rage-js' {
 *       interface RoutePaths {
 *         order: { id: string | number }
 *       }
 *     }
 *
 * While it is empty, any name and any parameters compile.
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications merge into it.
export interface RoutePaths {}

/** The declared names, or any text when none are. */
export type RouteName = keyof RoutePaths extends never ? string : keyof RoutePaths & string

/** What `rage.path(name, ...)` takes behind the name: the declared parameters, and others for the query. */
export type PathArguments<Name extends string> = Name extends keyof RoutePaths
  ? object extends RoutePaths[Name]
    ? [params?: RoutePaths[Name] & PathParams]
    : [params: RoutePaths[Name] & PathParams]
  : [params?: PathParams]

/** A module that declares `RoutePaths` for these names; write it to a `.d.ts` file of the project. */
export function routeTypes(paths: NamedPaths): string {
  const lines = [...paths.entries()].map(([name, { variants }]) => {
    const [longest, shortest] = [namesIn(variants[0]!), namesIn(variants.at(-1)!)]
    const fields = longest.map(
      (param) => `${quoted(param)}${shortest.includes(param) ? '' : '?'}: string | number`,
    )
    return `    ${quoted(name)}: ${fields.length === 0 ? 'object' : `{ ${fields.join('; ')} }`}\n`
  })
  return `// Written by rage.routeTypes(): the names of the routes and their parameters.\nimport 'rage-js'\n\ndeclare module 'rage-js' {\n  interface RoutePaths {\n${lines.join('')}  }\n}\n`
}

type Segments = Parameters<NamedPaths['suggest']>[1]['variants'][number]

function namesIn(segments: Segments): string[] {
  return segments.flat().flatMap((part) => (part.kind === 'text' ? [] : [part.name]))
}

function quoted(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}
