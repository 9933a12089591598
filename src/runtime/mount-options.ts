/** Options of one mount. */
import { defineOptions, flag } from '../kernel'

export interface MountOptions {
  /**
   * Requests below the text that an owned route begins with (`/orders` of `/orders/:id`) never reach the legacy app:
   * those that meet no route get 404, or 405 with `Allow` where only their method has none. @defaultValue `false`
   */
  exclusive?: boolean
}

export const mountOptions = defineOptions<MountOptions>({
  exclusive: flag(false),
})
