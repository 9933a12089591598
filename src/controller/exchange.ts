/** One request on its way through a controller: what the host hands in, settled before the action runs. */
import { buildParams, type Params, type Request, type Response, type ResponseSettings } from '../http'
import type { Logger } from '../logger'

/** Every field is assigned here, in one order: requests share one hidden class. */
export class Exchange {
  readonly req: Request
  readonly res: Response
  readonly logger: Logger
  readonly settings: ResponseSettings
  readonly #pathParams: Readonly<Record<string, unknown>>
  readonly #maxDepth: number
  #body: unknown
  #params: Params | null

  constructor(facts: {
    readonly req: Request
    readonly res: Response
    readonly logger: Logger
    readonly settings: ResponseSettings
    readonly pathParams: Readonly<Record<string, unknown>>
    readonly maxDepth: number
    readonly body: unknown
  }) {
    this.req = facts.req
    this.res = facts.res
    this.logger = facts.logger
    this.settings = facts.settings
    this.#pathParams = facts.pathParams
    this.#maxDepth = facts.maxDepth
    this.#body = facts.body
    this.#params = null
  }

  /** Built when first asked for: many actions never look. */
  get params(): Params {
    this.#params ??= buildParams(this.#pathParams, this.req, this.#body, this.#maxDepth)
    return this.#params
  }
}
