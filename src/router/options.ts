/** How paths are compared. Settled when the tree is built: routes are stored accordingly. */
import { defineOptions, flag } from '../kernel'

export interface RouterOptions {
  /** `/Orders` and `/orders` differ. Express: `case sensitive routing`. @defaultValue `false` */
  caseSensitive?: boolean
  /** `/orders/` and `/orders` differ. Express: `strict routing`. @defaultValue `false` */
  strict?: boolean
}

export const routerOptions = defineOptions<RouterOptions>({
  caseSensitive: flag(false),
  strict: flag(false),
})
