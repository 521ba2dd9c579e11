// SPDX-License-Identifier: Apache-2.0
/** Gives @text to the browser as a file to be kept. */
export function save(name: string, text: string, type: string) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
