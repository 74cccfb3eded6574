export { admissionProblems } from './admission-problems.js'
export { isMet } from './node-fit.js'
export { podNeeds } from './pod-needs.js'
export { refusalProblem } from './refusal.js'
