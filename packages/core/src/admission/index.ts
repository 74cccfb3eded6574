export { admissionProblems } from './admission-problems.js'
export { podNeeds } from './pod-needs.js'
export { refusalProblem } from './refusal.js'
