export { convertKindFile, kindApiVersion, kindKind, type ConvertedKindFile } from './convert.js'
