const defaultRegistry = 'docker.io/'

/** As Kubernetes names it: `busybox` is `docker.io/library/busybox:latest`. */
export function fullImageName(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const hasRegistry = rest.length > 0 && (first === 'localhost' || /[.:]/.test(first))
  const name = hasRegistry ? image : `${defaultRegistry}${rest.length === 0 ? 'library/' : ''}${image}`
  return /[:@]/.test(name.slice(name.lastIndexOf('/'))) ? name : `${name}:latest`
}

/** As people write it in a pod: the registry that everybody means is left out. */
export function shortImageName(image: string): string {
  return image.replace(/^docker\.io\/(library\/)?/, '')
}
