// A number is not by itself the id of a job.
#include "wire/job_id.hpp"

const wire::JobId kGood{1};
// Refused: conversion from 'int' to non-scalar type 'const wire::JobId'
const wire::JobId kBad = 1;
