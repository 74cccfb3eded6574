import {
  Document,
  parse,
  visit,
  type CreateNodeOptions,
  type DocumentOptions,
  type ToStringOptions,
} from 'yaml'

/** YAML that readers of version 1.1, as those of Kubernetes, and of 1.2 take for the same value. */
export function yamlText(
  value: unknown,
  options: DocumentOptions & CreateNodeOptions & ToStringOptions = {},
): string {
  const document = new Document(value, options)
  quoteAmbiguous(document)
  return document.toString(options)
}

/** Texts that some readers take for something else, as `on`, `1_0` or `0o7`, get quotes. */
export function quoteAmbiguous(document: Document): void {
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && isAmbiguous(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
}

function isAmbiguous(text: string): boolean {
  // Nothing else is anything but a text, whoever reads it.
  if (text.length > 40 || !/^([-+.~\d=<][\w~=<.+:-]*|y|n|yes|no|on|off|true|false|null|)$/i.test(text))
    return false
  if (['=', '<<'].includes(text) || /^[-+]?(0o[0-7_]+|\d[\d_]*([.]\d*)?e[-+]?\d+)$/i.test(text)) return true
  try {
    return typeof parse(text, { version: '1.1' }) !== 'string'
  } catch {
    return true
  }
}
