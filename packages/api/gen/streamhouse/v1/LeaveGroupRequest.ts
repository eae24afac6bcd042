// Original file: proto/streamhouse/v1/group.proto


export interface LeaveGroupRequest {
  'groupId'?: (string);
  'memberId'?: (string);
}

export interface LeaveGroupRequest__Output {
  'groupId': (string);
  'memberId': (string);
}
