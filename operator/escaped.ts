const MARKS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it stands in HTML or SVG, between tags or in an attribute. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, mark => MARKS[mark]!)
