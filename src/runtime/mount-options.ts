/** Options of one mount. */
import { defineOptions, flag } from '../kernel'

export interface MountOptions {
  /**
   * Requests below the text that an owned route begins with (`/orders` of `/orders/:id`) never reach the legacy app:
   * those that meet no route get 404, or 405 with `Allow` where only their method has none. @defaultValue `false`
   */
  exclusive?: boolean
  /**
   * On Node 20 and 22, a server that does nothing but call the app makes requests and responses with the app's prototypes,
   * which Express otherwise gives them afterwards, at two thirds of the price of a request. `false` leaves the server alone.
   * @defaultValue `true`
   */
  presetPrototypes?: boolean
}

export const mountOptions = defineOptions<MountOptions>({
  exclusive: flag(false),
  presetPrototypes: flag(true),
})
