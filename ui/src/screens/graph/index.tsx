import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Graph() {
  return (
    <Page title="Graph">
      <Loading />
    </Page>
  );
}
