/** The RESTful routes of a resource: which there are, which are drawn, and where they live. */
import { didYouMean } from '../kernel'
import type { Constraints } from './constraints'
import { BadResourceError, MissingActionError } from './errors'
import { joinPath } from './pattern'
import { singularOf } from './singular'
import type { ControllerRef } from './target'

export type RestAction = 'index' | 'new' | 'create' | 'show' | 'edit' | 'update' | 'destroy'

/** Options of `resources` and `resource`. */
export interface ResourceOptions {
  /** Draw exactly these, and fail when the controller lacks one. Default: those it implements. */
  readonly only?: readonly RestAction[]
  /** Draw all but these. */
  readonly except?: readonly RestAction[]
  /** Also draw `new` and `edit`, the pages with forms. @defaultValue `false` */
  readonly formActions?: boolean
  /** Name of the parameter; below the resource it is `<singular>_<param>`. @defaultValue `'id'` */
  readonly param?: string
  /** Segment of the path, where it differs from the name. */
  readonly path?: string
  /** Name for path helpers, where it differs. */
  readonly as?: string
  /** The singular of the name, where the ending does not tell it. */
  readonly singular?: string
  /** In front of the names of controllers given as strings, with a `/` between. */
  readonly module?: string
  /** What its parameters may be, also under their names in nested resources, and what a request has to pass. */
  readonly constraints?: Constraints
  /** Parameters that its routes and those nested in it have when the path does not set them. */
  readonly defaults?: Readonly<Record<string, string>>
  /** Members of this resource and of those nested in it lie at the path of the scope: `/comments/:id`. */
  readonly shallow?: boolean
  /** Names of concerns to draw in it. */
  readonly concerns?: string | readonly string[]
}

/** `'many'` for `resources`, `'one'` for `resource`. */
export type ResourceKind = 'many' | 'one'

export interface RestRoute {
  readonly action: RestAction
  readonly methods: readonly string[]
  readonly on: 'collection' | 'member'
  /** Behind the path of the collection or member, and in front of its name. */
  readonly suffix: '' | 'new' | 'edit'
}

const restRoutes: readonly RestRoute[] = [
  { action: 'index', methods: ['GET'], on: 'collection', suffix: '' },
  { action: 'create', methods: ['POST'], on: 'collection', suffix: '' },
  { action: 'new', methods: ['GET'], on: 'collection', suffix: 'new' },
  { action: 'edit', methods: ['GET'], on: 'member', suffix: 'edit' },
  { action: 'show', methods: ['GET'], on: 'member', suffix: '' },
  { action: 'update', methods: ['PATCH', 'PUT'], on: 'member', suffix: '' },
  { action: 'destroy', methods: ['DELETE'], on: 'member', suffix: '' },
]
const actionNames: readonly string[] = restRoutes.map(({ action }) => action)

/** What `resources` was called with. */
export interface ResourceCall {
  readonly kind: ResourceKind
  readonly name: string
  readonly controller: ControllerRef
  readonly options: ResourceOptions
  readonly source: string
}

/** Where a resource lives, below its prefix. */
export interface ResourcePlace {
  readonly collectionPath: string
  readonly memberPath: string
  /** Prefix of what is nested in it: the parameter carries the singular's name. */
  readonly nestedPath: string
  readonly collectionName: string
  readonly memberName: string
  /** Name of its parameter in what is nested in it. */
  readonly param: string | null
}

/**
 * @param prefix of the collection.
 * @param memberPrefix of the members, where it differs: shallow.
 * @throws BadResourceError
 */
export function resourcePlace(
  { kind, name, options, source }: ResourceCall,
  prefix: string,
  memberPrefix: string = prefix,
): ResourcePlace {
  const { param = 'id', path = name, as = name } = options
  if (typeof name !== 'string' || !/^[A-Za-z_][\w-]*$/.test(name)) {
    throw new BadResourceError({
      resource: name,
      source,
      reason: 'needs a name made of letters, digits and _',
    })
  }
  if (!/^[A-Za-z_]\w*$/.test(param)) {
    throw new BadResourceError({ resource: name, source, reason: `has param: ${JSON.stringify(param)}` })
  }
  const word = as.replaceAll('-', '_')
  const collectionPath = joinPath(prefix, path, source)
  if (kind === 'one') {
    return {
      collectionPath,
      memberPath: collectionPath,
      nestedPath: collectionPath,
      collectionName: word,
      memberName: word,
      param: null,
    }
  }
  const membersPath = joinPath(memberPrefix, path, source)
  const singular = (options.singular ?? singularOf(word)).replaceAll('-', '_')
  return {
    collectionPath,
    memberPath: joinPath(membersPath, `:${param}`, source),
    nestedPath: joinPath(membersPath, `:${singular}_${param}`, source),
    collectionName: singular === word ? `${word}_index` : word,
    memberName: singular,
    param: `${singular}_${param}`,
  }
}

const optionNames = [
  'only',
  'except',
  'formActions',
  'param',
  'path',
  'as',
  'singular',
  'module',
  'constraints',
  'defaults',
  'shallow',
  'concerns',
]

/** A misspelt `except` would take over routes that were to stay where they are. */
function refuseUnknownOptions(resource: string, options: object, source: string): void {
  for (const option of Object.keys(options)) {
    if (optionNames.includes(option)) continue
    const reason = `has no option ${JSON.stringify(option)}.${didYouMean(option, optionNames)}`
    throw new BadResourceError({ resource, source, reason: reason.replace(/\.$/, '') })
  }
}

/**
 * The routes to draw: those in `only`, else those the controller implements. During a migration a controller
 * is partial, and what it lacks has to keep falling through to the old code.
 *
 * @throws BadResourceError (an action that does not exist), MissingActionError
 */
export function chosenRoutes(
  { kind, name, controller, options, source }: ResourceCall,
  implementsAction: (controller: ControllerRef, action: string) => boolean,
): readonly RestRoute[] {
  refuseUnknownOptions(name, options, source)
  const { only, except = [], formActions = false } = options
  for (const action of [...(only ?? []), ...except]) {
    if (actionNames.includes(action) && !(kind === 'one' && action === 'index')) continue
    const reason = `has no action ${JSON.stringify(action)}.${didYouMean(String(action), actionNames)}`
    throw new BadResourceError({ resource: name, source, reason: reason.replace(/\.$/, '') })
  }
  return restRoutes.filter(({ action, suffix }) => {
    if (except.includes(action) || (kind === 'one' && action === 'index')) return false
    if (only === undefined) return (suffix === '' || formActions) && implementsAction(controller, action)
    if (!only.includes(action)) return false
    if (implementsAction(controller, action)) return true
    const shown = typeof controller === 'string' ? controller : controller.name
    throw new MissingActionError({ controller: shown, action, resource: name, source })
  })
}
