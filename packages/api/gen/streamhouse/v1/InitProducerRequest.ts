// Original file: proto/streamhouse/v1/producer.proto


export interface InitProducerRequest {
}

export interface InitProducerRequest__Output {
}
