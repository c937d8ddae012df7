// The id of a job is not the id of a batch.
#include "engine/jobs/batch_id.hpp"

using engine::jobs::BatchId;

const BatchId kGood = BatchId::of(engine::jobs::Stamp{1}, /*node=*/2);
const wire::JobId kJob{1};
// Refused: conversion from 'const wire::JobId' to non-scalar type 'const engine::jobs::BatchId'
const BatchId kBad = kJob;
