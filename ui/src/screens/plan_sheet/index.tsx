import type { PlanRequest } from "../../api/contract";
import { Dialog } from "../../parts/dialog";
import { Loading } from "../../parts/states";

export default function PlanSheet({ onClose }: { request: PlanRequest; onClose: () => void }) {
  return (
    <Dialog title="Plan" onClose={onClose} sheet>
      <Loading />
    </Dialog>
  );
}
