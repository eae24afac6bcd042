// Original file: proto/streamhouse/v1/group.proto


export interface LeaveGroupResponse {
}

export interface LeaveGroupResponse__Output {
}
