/** Text as a pattern of SCAN or PSUBSCRIBE that matches only itself. */
export const escapeGlob = (text: string): string => text.replace(/[*?[\]^\\]/g, '\\$&')
